import { execFile } from 'node:child_process';
import { appendFile, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Email, GreetRequest } from '../src/greeter.js';

const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
const events = fileURLToPath(new URL('../../events.jsonl', import.meta.url));

describe('The greeter', () => {
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'greeter-'));
    await copyFile(events, join(directory, 'events.jsonl'));
  });

  after(() => rm(directory, { recursive: true }));

  it('shows how far it is, and what it did', async () => {
    const output = await run();
    expect(output).to.match(/^ {2}[\d,]+ events read, [\d,]+ messages waiting, [\d,]+ emails written$/m);
    expect(snapshot(output)).to.equal(`\
Greeting everybody in events.jsonl …
Done in # s.
  events         1,200   read since the first start
  emails         1,190   appended to emails.jsonl
  dead letters      10   appended to .sf/dead-letters.jsonl
  rate               #   messages handled a second
  state is in .sf: run again, and only what was appended since is read
`);
  });

  it('greets each user once for each visit, and counts them', async () => {
    const visits = new Map<string, Email[]>();
    for (const { name, email } of (await requests()).filter(({ userId }) => userId)) {
      const number = (visits.get(email)?.length ?? 0) + 1;
      visits.set(email, [...(visits.get(email) ?? []), { to: email, text: textFor(name, number), number }]);
    }
    expect(await sentEmails()).to.deep.equal(visits);
  });

  it('reads only what was appended when it runs again, and counts on', async () => {
    const [ada] = await requests();
    const sent = (await sentEmails()).get(ada?.email ?? '')?.length ?? 0;
    await appendFile(join(directory, 'events.jsonl'), `${JSON.stringify(ada)}\nnot JSON\n`);
    expect(snapshot(await run())).to.include(`\
  events         1,202   read since the first start
  emails             1   appended to emails.jsonl
  dead letters       1   appended to .sf/dead-letters.jsonl
`);
    const now = (await sentEmails()).get(ada?.email ?? '');
    expect(now).to.have.length(sent + 1);
    expect(now?.at(-1)).to.have.property('number', sent + 1);
    const letters = (await lines('.sf/dead-letters.jsonl')).map((line) => JSON.parse(line));
    expect(letters).to.have.length(11);
    expect(letters.at(-1)).to.include({ where: 'line 1202', message: 'not JSON' });
  });

  async function run(): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main], { cwd: directory });
    expect(stderr).to.equal('');
    return stdout;
  }

  async function lines(file: string): Promise<string[]> {
    const content = await readFile(join(directory, file), 'utf8');
    return content.split('\n').slice(0, -1);
  }

  /** The lines that are JSON. */
  async function requests(): Promise<GreetRequest[]> {
    return (await lines('events.jsonl')).flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
  }

  async function sentEmails(): Promise<Map<string, Email[]>> {
    const sent = new Map<string, Email[]>();
    for (const line of await lines('emails.jsonl')) {
      const email: Email = JSON.parse(line);
      sent.set(email.to, [...(sent.get(email.to) ?? []), email]);
    }
    return sent;
  }
});

/** Without progress, and without what differs between runs. */
function snapshot(output: string): string {
  return output
    .replace(/^ {2}.* events read.*\n/gm, '')
    .replace(/in \d+\.\d+ s/, 'in # s')
    .replace(/rate +[\d,]+/, (rate) => `${'rate'.padEnd(rate.length - 1)}#`);
}

function textFor(name: string, visit: number): string {
  if (visit === 1) return `Welcome, ${name}!`;
  const [, teens, ones] = /(1?)(\d)$/.exec(String(visit)) ?? [];
  const suffix = teens === '1' ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[ones ?? ''] ?? 'th');
  return `Nice to see you for the ${visit}${suffix} time, ${name}!`;
}
