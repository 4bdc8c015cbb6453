/** How it is known that a command of the documents works. */
export type Treatment =
  /** It is run: as it stands there, or in this form, which is shorter. */
  | { readonly run: 'as it is' | { readonly as: string } }
  /** A test, or CI, runs it anyway. */
  | { readonly runBy: string }
  /** It is not run at all, for this reason. */
  | { readonly notRun: string };

const asItIs: Treatment = { run: 'as it is' };
const as = (shorter: string): Treatment => ({ run: { as: shorter } });
const runBy = (file: string): Treatment => ({ runBy: file });
const notRun = (reason: string): Treatment => ({ notRun: reason });

const operations = runBy('docs/snippets/operations.test.ts');
const ofReader = notRun('it names files or servers that only the reader has');
const tooLong = (what: string) => notRun(`${what}; it has no shorter form, and its cases have tests`);
const ride = 'npm start --silent --workspace examples/ride-sharing -- --passengers 20';

/**
 * The commands of README, CONTRIBUTING, ARCHITECTURE and `docs`, in the order in which they are run in a fresh clone.
 *
 * Servers are those of `servers/`. What a command makes stays for those behind it.
 */
export const plan: Readonly<Record<string, Treatment>> = {
  'npm install && npm start': asItIs,
  'npm start': asItIs,
  'npm run build': asItIs,
  'npm run lint': asItIs,
  'npm run format': asItIs,
  'npx sf start examples/greeter/dist/src/greeter.module.js --config events=examples/greeter/events.jsonl': asItIs,
  "npx sf inspect 'example/greeter/*'": asItIs,
  'npx sf checkpoints verify': asItIs,
  'npx tsc -b packages/core/test': asItIs,
  'npx mocha packages/core/dist/test/state/segment.test.js': asItIs,
  "npx mocha packages/core/dist/test/state/segment.test.js --grep 'damaged'": asItIs,
  'npx tsc -b docs/snippets scripts': asItIs,
  "npx mocha 'docs/snippets/dist/*.test.js' 'scripts/dist/test/*.test.js'": asItIs,
  'npm ls @stateful-functions/core': asItIs,
  'npm start --workspace examples/ride-sharing': as(ride),
  'npm run cluster --workspace examples/ride-sharing': as(ride.replace('npm start', 'npm run cluster')),
  'npm run drill:ride-sharing': as('npm run drill:ride-sharing -- --rides 50'),
  'npm run simulate': as('npm run simulate -- --seeds 20'),
  'npm run simulate -- --seeds 2000': as('npm run simulate -- --seeds 20'),
  'npm run simulate -- --seeds 1 --from 47 --trace': asItIs,
  'npm run simulate -- --sabotage plain-put': asItIs,
  'npm run chaos:embedded': as('npm run chaos:embedded -- --kills 2'),
  'npm run chaos:embedded -- --kills 50': as('npm run chaos:embedded -- --kills 2'),
  'npm run chaos:embedded -- --kills 50 --seed 7': as('npm run chaos:embedded -- --kills 2 --seed 7'),
  'npm run chaos:embedded -- --kills 50 --workers 3': as('npm run chaos:embedded -- --kills 2 --workers 3'),
  'npm run docs:api': asItIs,
  'npm run clean': asItIs,

  'npm install && npm test': runBy('.ci/run'),
  'npm run test:e2e': runBy('.ci/run'),
  'npm run test:commands': runBy('.ci/run'),
  'npm run chaos:cluster': runBy('.ci/run'),
  'npm run chaos:cluster -- --minutes 10': runBy('.ci/run'),
  'npm run chaos:cluster -- --minutes 10 --seed 7': runBy('.ci/run'),
  'npm create sf-app': runBy('e2e/e2e.ts'),
  'npm create sf-app@latest': runBy('e2e/e2e.ts'),
  'npm create sf-app@latest my-app': runBy('e2e/e2e.ts'),
  'npm install @stateful-functions/core': runBy('e2e/e2e.ts'),
  'npm install --save-dev typescript @types/node': runBy('e2e/e2e.ts'),
  'npm run build && node packages/http-gateway/dist/test/example/counter.js': runBy(
    'packages/http-gateway/test/readme.test.ts',
  ),
  'curl http://127.0.0.1:8080/v1/example/counter/ada/add --json 2': runBy('packages/http-gateway/test/readme.test.ts'),
  "SF_NATS_SERVER=/path/to/nats-server npx mocha 'packages/nats-transport/dist/test/*.test.js'": runBy('.ci/run'),
  'npx sf start dist/shop.module.js --config deliveries=deliveries.jsonl': operations,
  'npx sf status': operations,
  'npx sf savepoint before-upgrade': operations,
  'npx sf checkpoints list': operations,
  'npx sf checkpoints show savepoint:before-upgrade': operations,
  "npx sf inspect 'shop/stock/*'": operations,
  'npx sf drain': operations,
  'npx sf restore before-upgrade': operations,
  'npx sf savepoint NAME': operations,
  'npx sf restore NAME': operations,

  'npx sf start dist/shop.module.js --checkpoints /var/lib/shop/checkpoints': ofReader,
  'npx sf start dist/shop.module.js --nats nats://nats-1.internal:4222 --app shop --checkpoints s3://my-checkpoints/shop --workers 3':
    ofReader,
  'NODE_OPTIONS=--max-semi-space-size=64 npx sf start dist/shop.module.js': ofReader,
  'npm run simulate -- --sabotage': tooLong('a broken core for every rule takes an hour'),
  'npm run bench': tooLong('all figures take an hour'),
  'npm run bench -- rescale': tooLong('a figure takes minutes'),
  'npm run bench -- cut-stall': tooLong('a figure takes minutes'),
  'npm run bench -- greeter --json': tooLong('a figure takes minutes'),
  'npm run bench --silent -- greeter --json > before.jsonl': tooLong('a figure takes minutes'),
  'npm run bench -- greeter --compare before.jsonl': tooLong('a figure takes minutes'),
  'npm run bench -- cluster failover': tooLong('these figures take half an hour'),
  'npm run bench -- greeter cluster failover': tooLong('these figures take half an hour'),
  'npm ci --prefix benchmarks/peers/restate': notRun('it brings 220 MB of a system that is not ours'),
  'npm run bench -- --peers': notRun('it needs that system, and a machine that does nothing else'),
};
