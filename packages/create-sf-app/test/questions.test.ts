import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { parseCommandLine } from '../src/command-line.js';
import { Cancelled, planByQuestions } from '../src/questions.js';

const enter = '\r';
const down = '\u001b[B';
const controlC = '\u0003';

describe('The questions', () => {
  let folder: string;
  let home: string;

  beforeEach(() => {
    home = process.cwd();
    folder = mkdtempSync(join(tmpdir(), 'questions-'));
    process.chdir(folder);
  });

  afterEach(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  /** Answers each question, which is known by its words, with keys. */
  async function answer(args: string[], answers: readonly (readonly [question: string, ...keys: string[]])[]) {
    const input = new PassThrough();
    const output = new PassThrough();
    let said = '';
    let left = [...answers];
    output.on('data', (text: Buffer) => {
      said += stripVTControlCharacters(text.toString());
      const [next] = left;
      if (next === undefined || !said.includes(next[0])) return;
      left = left.slice(1);
      for (const key of next.slice(1)) setImmediate(() => input.write(key));
    });
    const plan = await planByQuestions(parseCommandLine(args), 'pnpm/10.1.0 npm/?', { input, output });
    expect(left).to.deep.equal([]);
    return { ...plan, said };
  }

  it('have answers that are there to be taken', async () => {
    const plan = await answer(
      [],
      [
        ['Where shall the application be?', enter],
        ['What shall it begin with?', enter],
        ['Install with pnpm and start now?', enter],
      ],
    );
    expect(plan).to.include({ name: 'my-app', template: 'minimal', install: true, start: true, git: true });
    expect(plan.directory.path).to.equal(join(process.cwd(), 'my-app'));
    expect(plan.packageManager.name).to.equal('pnpm');
  });

  it('take other answers', async () => {
    const plan = await answer(
      ['--no-git'],
      [
        ['Where shall the application be?', ...'rides', enter],
        ['What shall it begin with?', down, down, enter],
        ['Install with pnpm and start now?', 'n'],
      ],
    );
    expect(plan).to.include({ name: 'rides', template: 'cluster', install: false, start: false, git: false });
  });

  it('are not asked when flags answer them', async () => {
    const plan = await answer(['rides', '--template', 'greeter', '--install'], []);
    expect(plan).to.include({ name: 'rides', template: 'greeter', install: true, start: false });
    expect(plan.said).to.equal('');
    expect(await answer(['rides', '-t', 'greeter', '--no-start'], [])).to.include({ install: false, start: false });
    expect(await answer(['rides', '-t', 'greeter', '--start'], [])).to.include({ install: true, start: true });
  });

  it('ask for a name that a package can have, where the directory has none', async () => {
    const plan = await answer(
      ['My Rides', '-t', 'minimal', '--no-install'],
      [['What shall the package be called?', enter]],
    );
    expect(plan.name).to.equal('my-rides');
  });

  it('ask before anything is written into a directory that is not empty', async () => {
    mkdirSync('rides');
    writeFileSync('rides/file', '');
    const args = ['rides', '-t', 'minimal', '--no-install'];
    expect((await answer(args, [['rides is not empty.', 'y']])).name).to.equal('rides');
    const refusal = await answer(args, [['rides is not empty.', enter]]).catch((error) => error);
    expect(refusal).to.have.property('code', 'SF_NOT_EMPTY');
    expect((await answer([...args, '--force'], [])).said).to.equal('');
  });

  it('can be left by Ctrl-C', async () => {
    const refusal = await answer([], [['Where shall the application be?', controlC]]).catch((error) => error);
    expect(refusal).to.be.instanceOf(Cancelled);
  });
});
