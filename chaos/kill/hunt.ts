import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '@stateful-functions/verification';
import { filesOf } from '../application/chaos.module.js';
import type { Report } from '../application/node.js';
import { judge, type Verdict } from '../workload/verdict.js';
import { Witness } from '../workload/witness.js';
import { Workload } from '../workload/workload.js';
import { type Phase, readTrail, type Trail } from './marks.js';

export interface HuntOptions {
  readonly kills: number;
  readonly seed: number;
  /** Threads of the application; 1 by default, `any` for another number in each life. */
  readonly workers?: number | 'any';
  /** Told of each kill. */
  readonly progress?: (text: string) => void;
}

/** What a hunt came to. */
export interface HuntResult extends Verdict {
  readonly kills: number;
  /** How many kills struck in the middle of what. */
  readonly struck: Readonly<Record<Phase, number>>;
  readonly checkpoints: number;
  readonly compactions: number;
  readonly restarts: number;
  readonly commands: number;
}

const nodes = 24;
const childPath = fileURLToPath(new URL('./child.js', import.meta.url));
/** Commands are appended as long as not more lines than this wait to be written. */
const mostBehind = 600;
/** A process that writes nothing for so long, with work left, is stuck. */
const patienceMs = 20_000;
const tickMs = 5;
/** How long to wait for what is aimed at. */
const aimingMs = 400;
const aims: readonly (Phase | 'young' | 'any')[] = [
  'young',
  'any',
  'any',
  'any',
  'checkpoint',
  'manifest',
  'compaction',
  'egress',
];
const isPhase = (aim: Phase | 'young' | 'any'): aim is Phase => aim !== 'young' && aim !== 'any';
/**
 * So many lives in a row may end before a checkpoint. One more, and a message that was at work at two ends in a row would be
 * taken for the cause of them and go to the dead letters, as it should.
 */
const mostBarren = 4;

/** Runs the application under load, kills it at random instants, and compares what is left with what must be. */
export async function hunt(options: HuntOptions): Promise<HuntResult> {
  const directory = mkdtempSync(join(tmpdir(), 'stateful-functions-chaos-'));
  const field = new Field(directory, options);
  try {
    return await field.hunt();
  } finally {
    await field.clear();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Field {
  readonly #directory: string;
  readonly #options: HuntOptions;
  readonly #random: Random;
  readonly #workload: Workload;
  readonly #input: number;
  readonly #witness = new Witness();
  readonly #struck: Record<Phase, number> = { start: 0, checkpoint: 0, manifest: 0, compaction: 0, egress: 0 };
  #life: Life | undefined;
  #lives = 0;
  #barren = 0;
  #checkpoints = 0;
  #compactions = 0;

  constructor(directory: string, options: HuntOptions) {
    this.#directory = directory;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#workload = new Workload(options.seed, nodes);
    this.#input = openSync(filesOf(directory).input, 'a');
  }

  async hunt(): Promise<HuntResult> {
    const { kills, progress = () => {} } = this.#options;
    for (let kill = 1; kill <= kills; kill += 1) {
      const { ageMs, trail } = await this.#oneKill();
      const where = trail.struck.length === 0 ? 'between two steps' : `in ${trail.struck.join(', ')}`;
      this.#witness.look(`after kill ${kill}`, textOf(filesOf(this.#directory).output));
      progress(`kill ${kill} after ${ageMs} ms, ${where}; ${trail.committed} checkpoints in that life`);
    }
    const unfinished = await this.#complete();
    const reports = await this.#reports();
    const files = filesOf(this.#directory);
    const { model } = this.#workload;
    const output = readFileSync(files.output, 'utf8');
    const verdict = judge(model, { output, deadLetters: readFileSync(files.deadLetters, 'utf8'), reports });
    return {
      ...verdict,
      violations: [...unfinished, ...this.#witness.testify(output), ...verdict.violations],
      kills,
      struck: this.#struck,
      checkpoints: this.#checkpoints,
      compactions: this.#compactions,
      restarts: this.#lives - 1,
      commands: model.commands,
    };
  }

  /** Ends what still runs. */
  async clear(): Promise<void> {
    await this.#life?.kill();
    closeSync(this.#input);
  }

  async #oneKill(): Promise<{ ageMs: number; trail: Trail }> {
    const life = this.#begin('run');
    const random = this.#random;
    const bornMs = performance.now();
    const age = () => performance.now() - bornMs;
    // Some die young, starting or recovering; the others some time after they have opened, half of those in what is aimed at.
    const aim = random.pick(aims);
    let diesAtMs = aim === 'young' ? random.between(0, 400) : undefined;
    const worksForMs = random.between(0, 500);
    const mustCommit = this.#barren >= mostBarren;
    while (diesAtMs === undefined || age() < diesAtMs || (mustCommit && life.trail.committed === 0)) {
      life.assertAlive();
      if (age() > patienceMs) throw new Error('nothing was opened, or no checkpoint committed, in time');
      this.#append();
      if (diesAtMs === undefined && life.trail.opened) diesAtMs = age() + worksForMs;
      const leftMs = diesAtMs === undefined ? tickMs : diesAtMs - age();
      await wait(Math.min(tickMs, Math.max(0, leftMs)));
    }
    const aimedMs = age();
    for (let turn = 0; isPhase(aim) && !life.trail.struck.includes(aim) && age() < aimedMs + aimingMs; turn += 1) {
      if (turn % 64 === 0) this.#append();
      await nextTurn();
    }
    const ageMs = Math.round(age());
    life.assertAlive();
    await life.kill();
    const { trail } = life;
    this.#count(trail);
    for (const phase of trail.struck) this.#struck[phase] += 1;
    this.#barren = trail.committed === 0 ? this.#barren + 1 : 0;
    return { ageMs, trail };
  }

  /** Lets the application run until all that must be written is; what is wrong if it never is. */
  async #complete(): Promise<string[]> {
    const life = this.#begin('run');
    const { model } = this.#workload;
    const files = filesOf(this.#directory);
    let before = -1;
    let sinceMs = performance.now();
    for (;;) {
      life.assertAlive();
      const written = linesIn(files.output) + linesIn(files.deadLetters);
      if (written >= model.lines.size + model.deadLetters) break;
      if (written !== before) sinceMs = performance.now();
      before = written;
      if (performance.now() - sinceMs > patienceMs) {
        await life.kill();
        return [`nothing more was written for ${patienceMs} ms`];
      }
      await wait(20);
    }
    const code = await life.stop();
    this.#count(life.trail);
    return code === 0 ? [] : [`the application ended with ${code}: ${life.errors}`];
  }

  async #reports(): Promise<Map<string, Report>> {
    const path = `${this.#directory}/report.json`;
    const life = this.#begin('report', path, String(nodes));
    const code = await life.ended;
    if (code !== 0) throw new Error(`the state could not be read; the process ended with ${code}: ${life.errors}`);
    return new Map(JSON.parse(readFileSync(path, 'utf8')) as [string, Report][]);
  }

  #begin(mode: string, ...rest: string[]): Life {
    this.#lives += 1;
    const { workers = 1 } = this.#options;
    const count = workers === 'any' ? this.#random.between(1, 4) : workers;
    this.#life = new Life(mode, this.#directory, `${this.#directory}/marks-${this.#lives}`, [String(count), ...rest]);
    return this.#life;
  }

  #count(trail: Trail): void {
    this.#checkpoints += trail.committed;
    this.#compactions += trail.compactions;
  }

  /** Appends some commands, now and then with the last line in two pieces. */
  #append(): void {
    const { model } = this.#workload;
    const random = this.#random;
    if (model.lines.size - linesIn(filesOf(this.#directory).output) > mostBehind) return;
    let text = '';
    for (let count = random.between(1, 12); count > 0; count -= 1) text += `${this.#workload.line()}\n`;
    const cut = random.chance(0.3) ? random.between(0, text.length) : text.length;
    writeSync(this.#input, text.slice(0, cut));
    if (random.chance(0.1)) fsyncSync(this.#input);
    if (cut < text.length) writeSync(this.#input, text.slice(cut));
  }
}

/** One process, from its start to its end. */
class Life {
  readonly #child: ChildProcess;
  readonly #trailPath: string;
  #errors = '';
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;

  constructor(mode: string, directory: string, trailPath: string, rest: string[]) {
    this.#trailPath = trailPath;
    const args = ['--enable-source-maps', childPath, mode, directory, trailPath, ...rest];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    this.#child = child;
    this.ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  }

  get errors(): string {
    return this.#errors.trim() || 'it said nothing';
  }

  get trail(): Trail {
    try {
      return readTrail(readFileSync(this.#trailPath, 'utf8'));
    } catch {
      return readTrail(''); // It has not come so far.
    }
  }

  /** @throws if it ended by itself. */
  assertAlive(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`the application ended by itself with ${exitCode ?? signalCode}: ${this.errors}`);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async stop(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }
}

/** A file's text; none if it has not been made yet. */
function textOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(path, 'utf8');
}

const counted = new Map<string, { bytes: number; lines: number }>();

/** How many lines a file has, counted when it has grown. */
function linesIn(path: string): number {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const known = counted.get(path);
  if (known?.bytes === bytes) return known.lines;
  let lines = 0;
  if (bytes > 0) for (const byte of readFileSync(path)) if (byte === 0x0a) lines += 1;
  counted.set(path, { bytes, lines });
  return lines;
}
