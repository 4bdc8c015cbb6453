import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { gatewayErrorCodes } from '../src/index.js';

const file = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

/** What readers copy is what runs. */
describe('The README of the gateway', () => {
  let readme: string;

  before(async () => {
    readme = await file('README.md');
  });

  it('shows the example as it is', async () => {
    expect(/^```ts\n(.*?)^```$/ms.exec(readme)?.[1]).to.equal(await file('test/example/counter.ts'));
  });

  it('shows what the example answers', async function () {
    this.timeout(60_000);
    const folder = await mkdtemp(join(tmpdir(), 'gateway-readme-'));
    const program = fileURLToPath(new URL('./example/counter.js', import.meta.url));
    const child = spawn(process.execPath, [program], {
      cwd: folder,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const url = /http:\S+?(?=\/v1)/.exec(line)?.[0] as string;
      const shown = [...readme.matchAll(/^\$ (curl .*)\n(.*)$/gm)];
      expect(shown.length).to.be.greaterThan(3);
      for (const [, command, output] of shown) {
        const here = (command as string).replace('http://127.0.0.1:8080', url);
        const { stdout } = await promisify(execFile)('sh', ['-c', here]);
        expect(stdout, command).to.equal(output);
      }
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).to.deep.equal([0, null]);
    } finally {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true });
    }
  });

  it('names every code of the gateway', () => {
    const named = [...readme.matchAll(/`(SF_HTTP_\w+)`/g)].map(([, code]) => code);
    expect([...new Set(named)]).to.have.members(Object.keys(gatewayErrorCodes));
  });
});

describe('The codes of the gateway', () => {
  /** Codes are public: one that is renamed or removed breaks programs. Add here what is added there. */
  it('are these', () => {
    expect(Object.keys(gatewayErrorCodes)).to.deep.equal([
      'SF_HTTP_MALFORMED',
      'SF_HTTP_MEDIA_TYPE',
      'SF_HTTP_TOO_LARGE',
      'SF_HTTP_UNAUTHORIZED',
      'SF_HTTP_NO_ROUTE',
      'SF_HTTP_METHOD',
      'SF_HTTP_SLOW',
      'SF_HTTP_OVERLOADED',
      'SF_HTTP_INTERNAL',
    ]);
  });
});
