import { CommanderError } from 'commander';
import { exitCode } from './exit-code.js';
import { Output } from './output.js';
import { makeProgram } from './program.js';

/** Does what the arguments say; resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let code: number = exitCode.fine;
  const program = makeProgram((outcome) => {
    code = outcome;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // It has printed what was asked for, or what is wrong with the command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.fine : exitCode.usage;
    new Output(program.opts()).failure(error);
    return exitCode.failed;
  }
}
