import { conclude, numbers } from './arguments.js';
import { hunt } from './kill/hunt.js';

/** `--workers 0` stands for another number in each life. */
const { kills, seed, workers } = numbers({ kills: 10, seed: 1, workers: 1 });
console.log(`Killing an application ${kills} times, seed ${seed}, ${workers === 0 ? 'some' : workers} workers …`);
const result = await hunt({
  kills,
  seed,
  workers: workers === 0 ? 'any' : workers,
  progress: (text) => console.log(`  ${text}`),
});

const { struck, commands, lines, deadLetters, nodes, values, checkpoints, compactions, restarts } = result;
console.log(
  `Struck   ${result.kills} kills: ${Object.entries(struck)
    .map(([phase, count]) => `${count} in ${phase}`)
    .join(', ')}`,
);
console.log(
  `Ran      ${commands} commands, ${checkpoints} checkpoints, ${compactions} compactions, ${restarts} restarts`,
);
console.log(`Checked  ${lines} lines, ${deadLetters} dead letters, ${values} values of ${nodes} nodes`);
conclude(result.violations);
