import { conclude, numbers } from './arguments.js';
import { outage } from './power/outage.js';

/** So many cuts befall one disk before its state is compared; then the next seed begins with a new one. */
const cutsEach = 50;

const { cuts, seed } = numbers({ cuts: 500, seed: 1 });
console.log(`Cutting the power ${cuts} times, from seed ${seed} …`);
const violations: string[] = [];
for (let done = 0, round = 0; done < cuts; done += cutsEach, round += 1) {
  const options = { cuts: Math.min(cutsEach, cuts - done), seed: seed + round };
  const result = await outage(options).catch((error: unknown) => {
    violations.push(`seed ${options.seed}: the application could not go on: ${error}`);
    return undefined;
  });
  if (result === undefined) continue;
  console.log(
    `  seed ${seed + round}: ${result.cuts} cuts (${result.cutsInRecovery} in recovery, ${result.cutsSeen} seen), ` +
      `${result.commands} commands, ${result.checkpoints} checkpoints, ${result.compactions} compactions; checked ` +
      `${result.lines} lines, ${result.deadLetters} dead letters, ${result.values} values: ${result.violations.length} violations`,
  );
  violations.push(...result.violations);
}
conclude(violations);
