import { parseArgs } from 'node:util';
import { CreateError } from './create-error.js';
import { type PackageManagerName, packageManagers } from './package-manager.js';
import { type TemplateName, templateNames, templates } from './template.js';

/** What the command line says. What it leaves open is asked, or has a default. */
export interface Flags {
  readonly directory?: string | undefined;
  readonly name?: string | undefined;
  readonly template?: TemplateName | undefined;
  readonly packageManager?: PackageManagerName | undefined;
  readonly install?: boolean | undefined;
  readonly start?: boolean | undefined;
  readonly git: boolean;
  readonly force: boolean;
  readonly yes: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

export const help = `\
Creates an application of stateful functions.

Usage: npm create sf-app@latest [directory] -- [options]

Options:
  -t, --template NAME       ${templateNames.join(', ')}
      --name NAME           the name of the package; that of the directory by default
      --package-manager PM  ${packageManagers.join(', ')}; by default the one that runs this
      --install             install packages; --no-install leaves that to you
      --start               install, and start the application; --no-start does not
      --force               write into a directory that is not empty; files of the same names are replaced
      --no-git              make no git repository
  -y, --yes                 ask nothing, and take the defaults: my-app, minimal, nothing installed
  -h, --help                print this
  -v, --version             print the version

Without a terminal nothing is asked either.

Templates:
${templateNames.map((name) => `  ${name.padEnd(9)} ${templates[name]}`).join('\n')}
`;

/** @throws SF_INVALID_OPTION */
export function parseCommandLine(args: readonly string[]): Flags {
  const { values, positionals } = parsed(args);
  if (positionals.length > 1) {
    throw invalid(`${positionals.length} directories are given: ${positionals.join(', ')}`, 'Give one');
  }
  const { install, start } = values;
  if (start === true && install === false) {
    throw invalid('--start and --no-install contradict each other', 'Leave one of them out');
  }
  return {
    directory: positionals[0],
    name: values.name,
    template: oneOf('--template', values.template, templateNames),
    packageManager: oneOf('--package-manager', values['package-manager'], packageManagers),
    install,
    start,
    git: values.git ?? true,
    force: values.force ?? false,
    yes: values.yes ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: {
        template: { type: 'string', short: 't' },
        name: { type: 'string' },
        'package-manager': { type: 'string' },
        install: { type: 'boolean' },
        start: { type: 'boolean' },
        git: { type: 'boolean' },
        force: { type: 'boolean' },
        yes: { type: 'boolean', short: 'y' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (cause) {
    // What it says is meant for people: "Unknown option '--colour'. …"
    const [sentence = ''] = (cause as Error).message.split('. ');
    throw invalid(sentence.replace(/\.$/, ''), 'Run it with --help to see what there is', { cause });
  }
}

function oneOf<T extends string>(flag: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((each) => each === value);
  if (found !== undefined) return found;
  throw invalid(`${flag} is ${JSON.stringify(value)}`, `Give one of ${known.join(', ')}`);
}

function invalid(what: string, fix: string, options?: { cause: unknown }): CreateError {
  return new CreateError('SF_INVALID_OPTION', `${what}. ${fix}.`, options);
}
