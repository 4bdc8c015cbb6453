import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Run, sf, until } from './command.js';

const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

const configuration = {
  compilerOptions: {
    module: 'NodeNext',
    types: ['node'],
    rootDir: 'src',
    outDir: 'dist',
    strict: true,
    noEmitOnError: true,
  },
  include: ['src'],
};

/** Counts its starts in its state, and says so. */
const program = (word: string) => `\
import { Application, defineFunction, FunctionType, ask } from '@stateful-functions/core';
const Starts = FunctionType.contract('test/starts', { next: ask<void, number>() });
const starts = defineFunction(Starts, {
  state: () => ({ count: 0 }),
  handlers: { next() { this.count += 1; return this.count; } },
});
const app = await Application.from({ configure: (_config, binder) => binder.bindFunctions(starts) }).start();
console.log('${word}', await app.client.ask(Starts.at('all')).next(), process.pid);
await app.finished;
console.log('stopped');
`;

describe('sf dev', function () {
  this.timeout(120_000);
  let folder: string;
  let run: Run | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dev-'));
    await mkdir(join(folder, 'src'));
    await symlink(modules, join(folder, 'node_modules'));
    await write('package.json', '{ "type": "module" }');
    await write('tsconfig.json', JSON.stringify(configuration));
    await write('src/main.ts', program('start'));
  });

  afterEach(async () => {
    if (run?.child.exitCode === null) run.child.kill('SIGTERM');
    await run?.outcome;
    run = undefined;
    await rm(folder, { recursive: true });
  });

  const write = (file: string, text: string) => writeFile(join(folder, file), text);

  function dev(...args: string[]): Run {
    run = new Run(folder, ['dev', 'dist/main.js', ...args]);
    return run;
  }

  /** The process id of a program that says `word`, as the start of that number. */
  async function says(running: Run, word: string, start: number): Promise<number> {
    const line = await running.says(`${word} ${start} `);
    return Number(line.split(' ').at(-1));
  }

  it('compiles a project, runs its program, and ends it in good order', async () => {
    const running = dev();
    await says(running, 'start', 1);
    running.child.kill('SIGINT');
    const { code, out, err } = await running.outcome;
    expect(code).to.equal(0);
    expect(out).to.match(/^start 1 \d+\nstopped\n$/);
    expect(err).to.match(/^sf dev: compiled in \d+\.\d s, starting dist\/main\.js\n$/);
  });

  it('takes the signals that a terminal and npm pass on for one, and ends at once at a later one', async () => {
    await write(
      'src/main.ts',
      `process.on('SIGTERM', () => console.log('busy'));\nsetInterval(() => {}, 1_000);\nconsole.log('up');\n`,
    );
    const running = dev();
    await running.says('up');
    running.child.kill('SIGINT');
    running.child.kill('SIGTERM');
    await running.says('busy');
    expect(running.child.exitCode).to.equal(null);
    const beganMs = performance.now();
    await until(async () => performance.now() - beganMs > 600); // Longer than two signals of one Ctrl-C are apart.
    running.child.kill('SIGINT');
    expect((await running.outcome).code).to.equal(0);
  });

  it('runs it again when a file changes, with the state it had', async () => {
    const running = dev();
    const first = await says(running, 'start', 1);
    await write('src/main.ts', program('again'));
    await says(running, 'again', 2);
    expect(isRunning(first)).to.equal(false);
    running.child.kill('SIGTERM');
    const { out, err } = await running.outcome;
    expect(out).to.match(/^start 1 \d+\nstopped\nagain 2 \d+\nstopped\n$/);
    expect(err).to.include('sf dev: src/main.ts has changed\n').and.to.include('restarting dist/main.js');
  });

  it('shows what does not compile, and leaves the program running until it does', async () => {
    const running = dev();
    const first = await says(running, 'start', 1);
    await write('src/main.ts', `${program('again')}const number: number = 'text';\n`);
    await running.says('src/main.ts(');
    await running.notes('The program goes on as it was');
    expect(isRunning(first)).to.equal(true);
    await write('src/main.ts', program('again'));
    await says(running, 'again', 2);
  });

  it('waits for a first version that compiles', async () => {
    await write('src/main.ts', 'const number: number = "text";');
    const running = dev();
    await running.notes('sf dev: does not compile. Waiting for a change.');
    await write('src/main.ts', program('start'));
    await says(running, 'start', 1);
  });

  it('tells that a program ended by itself, and runs the next', async () => {
    await write('src/main.ts', 'process.exit(3);');
    const running = dev();
    await running.notes('sf dev: the program ended with 3. Waiting for a change.');
    await write('src/main.ts', program('start'));
    await says(running, 'start', 1);
  });

  it('begins without state when it is told to', async () => {
    await says(dev(), 'start', 1);
    run?.child.kill('SIGTERM');
    await run?.outcome;
    await says(dev(), 'start', 2);
    run?.child.kill('SIGTERM');
    await run?.outcome;
    await says(dev('--fresh'), 'start', 1);
  });

  it('removes nothing but checkpoints that are not in use', async () => {
    await mkdir(join(folder, 'precious'));
    await write('precious/file', '');
    const precious = await sf(folder, 'dev', 'dist/main.js', '--fresh', '--checkpoints', 'precious');
    expect(precious.err).to.match(/^SF_INVALID_OPTION: precious holds something else than checkpoints/);
    expect(precious.code).to.equal(1);
    expect(await readFile(join(folder, 'precious/file'), 'utf8')).to.equal('');

    const remote = await sf(folder, 'dev', 'dist/main.js', '--fresh', '--checkpoints', 's3://bucket/prefix');
    expect(remote.err).to.match(/^SF_INVALID_OPTION: s3:\/\/bucket\/prefix is no folder/);

    const running = dev();
    await says(running, 'start', 1);
    expect((await sf(folder, 'dev', 'dist/main.js', '--fresh')).err).to.match(/^SF_LOCKED: /);
    running.child.kill('SIGTERM');
    await running.outcome;
    await says(dev(), 'start', 2);
  });

  it('takes its program along when it is killed', async () => {
    const running = dev();
    const pid = await says(running, 'start', 1);
    running.child.kill('SIGKILL');
    await until(async () => !isRunning(pid));
    await says(dev(), 'start', 2);
  });

  it('says when there is no such program', async () => {
    const { code, err } = await sf(folder, 'dev', 'dist/other.js');
    expect(err).to.match(/SF_INVALID_OPTION: there is no dist\/other\.js, though all is compiled/);
    expect(code).to.equal(1);
  });

  it('says what a folder lacks', async () => {
    await rm(join(folder, 'node_modules'));
    expect((await sf(folder, 'dev', 'dist/main.js')).err).to.match(
      /^SF_MISSING_PACKAGE: .*npm install --save-dev typescript/,
    );
    await symlink(modules, join(folder, 'node_modules'));
    await rm(join(folder, 'src'), { recursive: true });
    expect((await sf(folder, 'dev', 'dist/main.js')).err).to.match(
      /^SF_INVALID_OPTION: there is no folder src to watch/,
    );
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
