import { expect } from 'chai';
import { help, parseCommandLine } from '../src/command-line.js';

describe('The command line', () => {
  it('leaves open what it does not say', () => {
    expect(parseCommandLine([])).to.deep.equal({
      directory: undefined,
      name: undefined,
      template: undefined,
      packageManager: undefined,
      install: undefined,
      start: undefined,
      git: true,
      force: false,
      yes: false,
      help: false,
      version: false,
    });
  });

  it('has a flag for everything', () => {
    const args = '--template greeter --name a --package-manager pnpm --install --start --no-git --force --yes my-app';
    expect(parseCommandLine(args.split(' '))).to.include({
      directory: 'my-app',
      name: 'a',
      template: 'greeter',
      packageManager: 'pnpm',
      install: true,
      start: true,
      git: false,
      force: true,
      yes: true,
    });
    expect(parseCommandLine(['--no-install', '--no-start'])).to.include({ install: false, start: false });
    expect(parseCommandLine(['-t', 'cluster', '-y'])).to.include({ template: 'cluster', yes: true });
    expect(parseCommandLine(['-h'])).to.include({ help: true });
    expect(parseCommandLine(['-v'])).to.include({ version: true });
  });

  it('explains every flag', () => {
    const flags = [
      'template',
      'name',
      'package-manager',
      'install',
      'start',
      'force',
      'no-git',
      'yes',
      'help',
      'version',
    ];
    for (const flag of flags) expect(help).to.include(`--${flag}`);
  });

  for (const [args, said] of [
    ['--colour', "Unknown option '--colour'"],
    ['--template', "Option '-t, --template <value>' argument missing"],
    ['--template react', '--template is "react". Give one of minimal, greeter, cluster.'],
    ['--package-manager make', '--package-manager is "make". Give one of npm, pnpm, yarn, bun.'],
    ['a b', '2 directories are given: a, b. Give one.'],
    ['--start --no-install', '--start and --no-install contradict each other'],
  ] as const) {
    it(`refuses ${args}`, () => {
      expect(() => parseCommandLine(args.split(' ')))
        .to.throw(said)
        .with.property('code', 'SF_INVALID_OPTION');
    });
  }
});
