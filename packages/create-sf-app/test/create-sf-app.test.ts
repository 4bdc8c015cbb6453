import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const program = fileURLToPath(new URL('../../bin/create-sf-app.js', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The real program, without a terminal, and with an input that never comes to an end. */
describe('create-sf-app without a terminal', function () {
  this.timeout(60_000);
  let folder: string;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'create-'));
  });

  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function create(...args: string[]): Promise<Outcome> {
    return createWith({}, ...args);
  }

  async function createWith(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> {
    child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { ...process.env, npm_config_user_agent: '', ...environment },
    });
    const said = { out: '', err: '' };
    child.stdout?.on('data', (text: Buffer) => {
      said.out += text.toString();
    });
    child.stderr?.on('data', (text: Buffer) => {
      said.err += text.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...said };
  }

  const nameIn = (directory: string) => JSON.parse(readFileSync(join(folder, directory, 'package.json'), 'utf8')).name;

  async function expectRefusal(code: string, ...args: string[]): Promise<void> {
    const before = readdirSync(folder, { recursive: true });
    const outcome = await create(...args);
    expect(outcome.err).to.match(new RegExp(`${code}: .+\\.`));
    expect(outcome.code).to.equal(1);
    expect(readdirSync(folder, { recursive: true })).to.deep.equal(before);
  }

  it('takes defaults for all but the directory, and tells what comes next', async () => {
    const { code, out, err } = await create('my-app');
    expect(err).to.equal('');
    expect(code).to.equal(0);
    expect(out).to.include('my-app is in my-app: 10 files of the template minimal, in a git repository of its own.');
    expect(out).to.match(/cd my-app.*npm install.*npm run dev .*npm test /s);
    expect(nameIn('my-app')).to.equal('my-app');
    expect(readdirSync(join(folder, 'my-app')))
      .to.include('.git')
      .and.not.include('node_modules');
  });

  it('refuses to guess a directory, unless it is told to take all defaults', async () => {
    await expectRefusal('SF_INVALID_OPTION');
    expect((await create('--yes')).code).to.equal(0);
    expect(nameIn('my-app')).to.equal('my-app');
  });

  it('speaks the language of the package manager that runs it, or of the one it is told', async () => {
    const pnpm = await createWith({ npm_config_user_agent: 'pnpm/10.1.0 npm/? node/v22.1.0' }, 'one');
    expect(pnpm.out).to.match(/cd one.*pnpm install.*pnpm run dev .*pnpm test /s);
    const bun = await create('two', '--package-manager', 'bun');
    expect(bun.out).to.match(/cd two.*bun install.*bun run dev .*bun run test /s);
  });

  it('makes folders above, and names the package after the last, or as it is told', async () => {
    await create('some/where/My App');
    expect(nameIn('some/where/My App')).to.equal('my-app');
    await create('other', '--name', '@me/counter');
    expect(nameIn('other')).to.equal('@me/counter');
  });

  it('writes into the working folder', async () => {
    const { out } = await create('.', '--name', 'here');
    expect(out).not.to.include('cd ');
    expect(nameIn('.')).to.equal('here');
  });

  it('refuses names that no package can have', async () => {
    await expectRefusal('SF_INVALID_NAME', 'my-app', '--name', 'My App');
  });

  it('refuses a directory that is not empty, unless it is told to write into it', async () => {
    mkdirSync(join(folder, 'my-app'));
    for (const file of ['keep.txt', 'README.md']) writeFileSync(join(folder, 'my-app', file), 'mine');
    await expectRefusal('SF_NOT_EMPTY', 'my-app');
    expect((await create('my-app', '--force')).code).to.equal(0);
    expect(readFileSync(join(folder, 'my-app/keep.txt'), 'utf8')).to.equal('mine');
    expect(readFileSync(join(folder, 'my-app/README.md'), 'utf8')).to.include('# my-app');
  });

  it('takes a repository without files for empty, and a file for no directory', async () => {
    mkdirSync(join(folder, 'my-app/.git'), { recursive: true });
    expect((await create('my-app')).code).to.equal(0);
    writeFileSync(join(folder, 'file'), '');
    await expectRefusal('SF_INVALID_OPTION', 'file');
    await expectRefusal('SF_STORAGE', 'file/below');
  });

  it('makes no repository inside of one, nor when it is told not to', async () => {
    await create('plain', '--no-git');
    expect(existsSync(join(folder, 'plain/.git'))).to.equal(false);
    execFileSync('git', ['init', '--quiet'], { cwd: folder });
    const { out } = await create('inner');
    expect(existsSync(join(folder, 'inner/.git'))).to.equal(false);
    expect(out).not.to.include('repository');
  });

  it('does without git', async () => {
    expect((await createWith({ PATH: '' }, 'my-app')).code).to.equal(0);
    expect(nameIn('my-app')).to.equal('my-app');
  });

  it('says what kept packages from being installed, and leaves the application', async () => {
    const nowhere = await createWith(
      { npm_config_registry: 'http://127.0.0.1:1', npm_config_fetch_retries: '0' },
      'my-app',
      '--install',
    );
    expect(nowhere.err).to.match(/SF_INSTALL: npm install ended with 1:.*ECONNREFUSED.*mend this/s);
    expect(nowhere.code).to.equal(1);
    expect(nameIn('my-app')).to.equal('my-app');
    const absent = await createWith({ PATH: '' }, 'other', '--install', '--package-manager', 'bun');
    expect(absent.err).to.match(/SF_INSTALL: bun install cannot be run \(.*ENOENT/);
    expect(absent.code).to.equal(1);
  });

  it('prints its help and its version', async () => {
    expect((await create('--help')).out).to.match(/^Creates an application.*--template/s);
    expect((await create('--version')).out).to.match(/^\d+\.\d+\.\d+\n$/);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
