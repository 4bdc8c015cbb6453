import { conclude, numbers } from './arguments.js';
import { huntCluster } from './cluster/cluster-hunt.js';

const { minutes, seed } = numbers({ minutes: 2, seed: 1 });
console.log(`Three nodes, a nats-server and an S3 server, struck for ${minutes} minutes, seed ${seed} …`);
const { struck, checked, arrivals, calls, violations } = await huntCluster({
  minutes,
  seed,
  progress: (text) => console.log(`  ${text}`),
});
console.log('Struck');
for (const [kind, count] of Object.entries(struck)) console.log(`  ${String(count).padStart(4)}  ${kind}`);
console.log(`Fed      ${arrivals} records, ${calls} calls`);
console.log(
  `Checked  ${Object.entries(checked)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ')}`,
);
conclude(violations);
