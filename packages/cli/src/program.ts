import { readFileSync } from 'node:fs';
import { AddressPattern, type CheckpointChoice, withoutCode } from '@stateful-functions/core';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { list, show, verify } from './commands/checkpoints.js';
import { dev } from './commands/dev.js';
import { drain } from './commands/drain.js';
import { inspect } from './commands/inspect.js';
import { restore } from './commands/restore.js';
import { savepoint } from './commands/savepoint.js';
import { start } from './commands/start.js';
import { status } from './commands/status.js';
import { Output, type OutputOptions } from './output.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The command line of `sf`. `ended` is told the exit code of a command that has done its work. */
export function makeProgram(ended: (code: number) => void): Command {
  const program = new Command('sf')
    .description('Starts applications of stateful functions, asks how they do, and looks into their checkpoints.')
    .version(version)
    .option('--json', 'print JSON, for programs')
    .option('--verbose', 'print the stack of an error as well')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError('Run it with --help to see how it is used.')
    .addHelpText('after', exitCodes);

  /** Has a command done with where to write as its last argument. */
  const does =
    <A extends unknown[]>(work: (...args: [...A, Output]) => Promise<number>) =>
    async (...args: unknown[]) => {
      // Commander appends the command itself.
      const own = args.slice(0, -1) as A;
      ended(await work(...own, new Output(program.opts<OutputOptions>())));
    };

  program
    .command('start')
    .description(
      'Runs an application until it ends or is told to. SIGINT and SIGTERM end it with a final checkpoint; a second signal ends it at once.',
    )
    .argument('<modules...>', 'the compiled files of its modules')
    .addOption(
      new Option(
        '--workers <number>',
        'how many workers share the work, or auto for one on each core; with --nats each is a node, a process of its own',
      )
        .argParser(workers)
        .default(1),
    )
    .addOption(checkpoints())
    .addOption(nats())
    .addOption(app())
    .option('--config <key=value>', 'what modules get as their configuration; may be given several times', setting)
    .addHelpText(
      'after',
      example(
        'sf start dist/ride.module.js --config events=events.jsonl',
        'sf start dist/ride.module.js --nats nats://127.0.0.1:4222 --app rides --checkpoints s3://bucket/rides',
      ),
    )
    .action(does(start));

  program
    .command('dev')
    .description(
      'Compiles the project in this folder with its own TypeScript and runs a program of it, and does so again whenever a source file changes. State is kept.',
    )
    .argument('<program>', 'the compiled file that starts the application')
    .option('--fresh', 'remove the checkpoints first, and begin without state')
    .option('--watch <folder>', 'where the sources are; may be given several times (default: src)', folders)
    .addOption(checkpoints())
    .addHelpText('after', example('sf dev dist/src/main.js', 'sf dev dist/src/main.js --fresh'))
    .action(does(dev));

  program
    .command('status')
    .description('Tells how a running application does; of one that does not run, what its store says.')
    .addOption(checkpoints())
    .addOption(nats())
    .addOption(app())
    .addHelpText('after', example('sf status', 'sf status --nats nats://127.0.0.1:4222 --app rides --json'))
    .action(does(status));

  program
    .command('savepoint')
    .description('Has a running application take a checkpoint that stays.')
    .argument('<name>', 'its name: letters, digits, dots, hyphens and underscores')
    .addOption(checkpoints())
    .addOption(nats())
    .addOption(app())
    .addHelpText('after', example('sf savepoint before-upgrade'))
    .action(does(savepoint));

  program
    .command('drain')
    .description('Has a running application end in good order, with a final checkpoint: all its nodes.')
    .addOption(checkpoints())
    .addOption(nats())
    .addOption(app())
    .addHelpText('after', example('sf drain'))
    .action(does(drain));

  const archive = program
    .command('checkpoints')
    .description('Looks into a checkpoint store, whether or not the application runs.');
  archive
    .command('list')
    .description('Lists checkpoints, oldest first, and savepoints.')
    .addOption(checkpoints())
    .addHelpText('after', example('sf checkpoints list --checkpoints s3://bucket/rides'))
    .action(does(list));
  archive
    .command('show')
    .description('Shows what one checkpoint consists of.')
    .addArgument(checkpoint())
    .addOption(checkpoints())
    .addHelpText('after', example('sf checkpoints show', 'sf checkpoints show savepoint:before-upgrade'))
    .action(does(show));
  archive
    .command('verify')
    .description(
      'Compares every checksum with what is stored: of the log, and of all that checkpoints and savepoints refer to, or of one.',
    )
    .addArgument(checkpoint())
    .addOption(checkpoints())
    .addHelpText('after', example('sf checkpoints verify'))
    .action(does(verify));

  program
    .command('inspect')
    .description(
      'Prints the stored state of addresses, as a line of JSON for each, whether or not the application runs.',
    )
    .addArgument(new Argument('<pattern>', 'namespace/name/id, with * for any characters').argParser(pattern))
    .addOption(checkpoints())
    .addOption(
      new Option('--at <checkpoint>', 'its number, or savepoint:NAME; the newest by default').argParser(choice),
    )
    .addHelpText(
      'after',
      `${quoting}${example("sf inspect 'ride/driver/*'", "sf inspect 'ride/driver/7' --at savepoint:before-upgrade")}`,
    )
    .action(does(inspect));

  program
    .command('restore')
    .description('Makes an application go on from a savepoint at its next start. It must not run.')
    .argument('<savepoint>', 'its name')
    .addOption(checkpoints())
    .addOption(nats())
    .addOption(app())
    .addHelpText('after', example('sf restore before-upgrade'))
    .action(does(restore));

  return program;
}

const exitCodes = `
Exit codes: 0 fine, 1 failed (the error is on stderr, as SF_CODE: sentence), 2 wrong usage, 3 damage found.`;

const quoting = `
Put the pattern in quotes, or the shell takes the star. In an id, \\* is a star, \\\\ a backslash, and \\u{0} the
character with that number in hexadecimal digits. The id is all behind the second slash and may hold slashes itself.
`;

function example(...lines: string[]): string {
  return `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

function checkpoints(): Option {
  return new Option('--checkpoints <where>', 'a folder, or s3://bucket/prefix').env('SF_CHECKPOINTS').default('.sf');
}

function nats(): Option {
  return new Option('--nats <url>', 'the NATS server of a cluster; several with commas between them').env('SF_NATS');
}

function app(): Option {
  return new Option('--app <name>', 'the name of the application on that server').env('SF_APP');
}

function checkpoint(): Argument {
  return new Argument('[checkpoint]', 'its number, or savepoint:NAME').argParser(choice);
}

function choice(text: string): CheckpointChoice {
  const [, savepoint] = /^savepoint:(.+)$/.exec(text) ?? [];
  if (savepoint !== undefined) return { savepoint };
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give the number of a checkpoint, or savepoint:NAME.');
}

function workers(text: string): number | 'auto' {
  if (text === 'auto') return text;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number above 0, or auto.');
}

function setting(text: string, others: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give key=value.');
  return { ...others, [text.slice(0, at)]: text.slice(at + 1) };
}

function folders(folder: string, others: readonly string[] = []): string[] {
  return [...others, folder];
}

function pattern(text: string): string {
  try {
    AddressPattern.parse(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(withoutCode((error as Error).message));
  }
}
