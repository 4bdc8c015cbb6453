import { createServer } from 'node:http2';

/*
 * The functions of `../functions.ts` as virtual objects, and the process that serves them to Restate's server.
 */

// Node.js 20 has no such thing yet, and the SDK wants it.
Promise.withResolvers ??= () => {
  const deferred = {};
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
  return deferred;
};
const { createEndpointHandler, handlers, object } = await import('@restatedev/restate-sdk');

const ringSize = 1_000;

/** How many e-mails and hops this process has handled. */
const progress = { handled: 0 };

const seen = handlers.object.shared(async (ctx) => (await ctx.get('count')) ?? 0);

const emailSender = object({
  name: 'EmailSender',
  handlers: {
    deliver: async (ctx, { text }) => {
      ctx.set('count', ((await ctx.get('count')) ?? 0) + 1);
      ctx.set('last', text);
      progress.handled += 1;
    },
    seen,
  },
});

const greeter = object({
  name: 'Greeter',
  handlers: {
    greet: async (ctx, { name }) => {
      const count = ((await ctx.get('count')) ?? 0) + 1;
      ctx.set('count', count);
      ctx.set('last', name);
      ctx.objectSendClient(emailSender, ctx.key).deliver({ to: ctx.key, text: name, count });
      return count;
    },
    seen,
  },
});

const ring = object({
  name: 'Ring',
  handlers: {
    hop: async (ctx, { at, left, text }) => {
      ctx.set('count', ((await ctx.get('count')) ?? 0) + 1);
      if (left > 1) {
        const next = (at + 1) % ringSize;
        ctx.objectSendClient(ring, `node-${next}`).hop({ at: next, left: left - 1, text });
      }
      progress.handled += 1;
    },
    seen,
  },
});

/** Says only what went wrong. */
function logger({ level }, message, ...more) {
  if (level === 'error') console.error(message, ...more);
}

// It ends with whoever started it.
process.once('disconnect', () => process.exit());
process.on('message', () => process.send(progress));
const server = createServer(createEndpointHandler({ services: [emailSender, greeter, ring], logger }));
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send('serving'));
