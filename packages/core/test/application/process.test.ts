import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Application } from '../../src/application/application.js';
import { MemorySink } from '../../src/io/memory-sink.js';
import { MemorySource } from '../../src/io/memory-source.js';
import { silentLogger } from '../../src/ports/logger.js';
import { rejection } from '../checkpoint/coded.js';
import { sumsOf, tallyModule, type Vote } from './tally.js';

const program = fileURLToPath(new URL('./programs/tally.js', import.meta.url));

describe('An application in a process of its own', () => {
  let folder: string;
  let children: ChildProcess[];
  const cast: Vote[] = [
    { of: 'ada', weight: 1 },
    { of: 'bob', weight: 2 },
    { of: 'ada', weight: 3 },
  ];

  beforeEach(async () => {
    children = [];
    folder = await mkdtemp(join(tmpdir(), 'process-'));
    await writeFile(join(folder, 'votes.jsonl'), cast.map((vote) => `${JSON.stringify(vote)}\n`).join(''));
  });

  afterEach(async () => {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** Starts the program; `said` resolves when it says a word. */
  function run(): { readonly child: ChildProcess; readonly said: (word: string) => Promise<unknown> } {
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const words: string[] = [];
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => words.push(line));
    const said = async (word: string) => {
      while (!words.includes(word)) await once(lines, 'line');
    };
    return { child, said };
  }

  const startHere = () =>
    Application.from(tallyModule({ source: new MemorySource(), sink: new MemorySink() })).start({
      logger: silentLogger,
      handleSignals: false,
      checkpoints: { directory: join(folder, 'state') },
    });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends at ${signal} with a final checkpoint, and everything that it holds published`, async () => {
      const { child, said } = run();
      await said('handled');
      const ended = once(child, 'exit');
      child.kill(signal);
      expect(await ended).to.deep.equal([0, null]);
      await said('stopped');
      const written = (await readFile(join(folder, 'totals.jsonl'), 'utf8')).split('\n').slice(0, -1);
      expect(written.map((line) => JSON.parse(line))).to.have.members(sumsOf(cast));
    });
  }

  it('keeps its folder to itself, and leaves it to the next when it is killed', async () => {
    const { child, said } = run();
    await said('handled');
    const error = await rejection('SF_LOCKED', startHere());
    expect(error.message).to.include(join(folder, 'state'));
    const other = run();
    await other.said('SF_LOCKED');
    const killed = once(child, 'exit');
    child.kill('SIGKILL');
    await killed;
    const { child: next, said: nextSaid } = run();
    await nextSaid('handled');
    const ended = once(next, 'exit');
    next.kill('SIGTERM');
    await ended;
    const written = (await readFile(join(folder, 'totals.jsonl'), 'utf8')).split('\n').slice(0, -1);
    expect(written.map((line) => JSON.parse(line))).to.have.members(sumsOf(cast));
  });
});
