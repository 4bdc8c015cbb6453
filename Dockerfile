# An image of the greeter, for one node or several. For an application of your own, replace what is named greeter.
#
#   docker build -t greeter .
#   docker run --rm -v greeter:/data greeter

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund \
  && npx tsc -b packages/cli/src packages/nats-transport/src packages/s3-checkpoint/src examples/greeter \
  && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
# The first process of a container has to pass signals on, and a second signal has to end what does not end.
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /data
ENV NODE_ENV=production SF_CHECKPOINTS=/data/checkpoints
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages packages
COPY --from=build /app/examples/greeter examples/greeter
USER node
VOLUME /data
# The application is asked how it does: by its socket, or in a cluster by way of SF_NATS and SF_APP.
HEALTHCHECK --interval=30s --timeout=15s --start-period=30s CMD ["node", "packages/cli/bin/sf.js", "status"]
# A final checkpoint, and the egress records that it holds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "node", "packages/cli/bin/sf.js"]
CMD ["start", "examples/greeter/dist/src/greeter.module.js", "--config", "events=examples/greeter/events.jsonl", "--config", "emails=/data/emails.jsonl"]
