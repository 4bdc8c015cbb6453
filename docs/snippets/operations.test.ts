import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const here = fileURLToPath(new URL('.', import.meta.url));
const page = readFileSync(join(here, '../../operations.md'), 'utf8');
const sf = JSON.stringify(join(here, '../../../packages/cli/bin/sf.js'));

/** The commands of the tour, each of which is run as it stands there. */
const [starting, ...commands] = (/^## A tour$.*?^```sh$(.*?)^```$/ms.exec(page)?.[1] ?? '')
  .split('\n')
  .map((line) => line.replace(/ +#.*$/, ''))
  .filter((line) => line !== '');

describe('docs/operations.md', function () {
  this.timeout(120_000);
  let folder: string;
  let running: ChildProcess | undefined;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'operations-'));
    symlinkSync(here, join(folder, 'dist'));
    writeFileSync(join(folder, 'deliveries.jsonl'), '{"sku":"tea","count":10}\n');
  });

  after(async () => {
    if (running !== undefined && running.exitCode === null) {
      running.kill('SIGKILL');
      await once(running, 'close');
    }
    rmSync(folder, { recursive: true });
  });

  function run(command: string): ChildProcess {
    const line = command.replace(/^npx sf/, `exec ${JSON.stringify(process.execPath)} ${sf}`);
    return spawn('sh', ['-c', line], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async function outcomeOf(child: ChildProcess): Promise<{ code: number; text: string }> {
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        text += data.toString();
      });
    }
    const [code] = (await once(child, 'close')) as [number];
    return { code, text };
  }

  it('has a tour whose first command starts the shop', async () => {
    running = run(starting ?? '');
    const [said] = (await once(running.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    expect(said.toString()).to.match(/^Started/);
  });

  for (const command of commands) {
    it(`has a tour on which this works: ${command}`, async () => {
      const ended = running !== undefined && command === 'npx sf drain' ? once(running, 'close') : undefined;
      const { code, text } = await outcomeOf(run(command));
      expect(code, text).to.equal(0);
      if (command.includes('inspect'))
        expect(text).to.match(/^\{"address":"shop\/stock\/tea","state":\{"count":10\}\}$/m);
      if (ended !== undefined) expect((await ended)[0]).to.equal(0);
    });
  }
});
