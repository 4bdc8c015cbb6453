import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const commands = readme.split('\n').filter((line) => line.startsWith('npx sf '));

describe('README.md', function () {
  this.timeout(120_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'readme-'));
    symlinkSync(join(root, 'examples'), join(folder, 'examples'));
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const command of commands) {
    it(`shows a command that works: ${command}`, () => {
      const line = command.replace(/^npx/, JSON.stringify(process.execPath)).replace(' sf ', ' "$SF" ');
      const environment = { ...process.env, SF: join(root, 'packages/cli/bin/sf.js') };
      const options = { cwd: folder, env: environment, encoding: 'utf8', stdio: 'pipe' } as const;
      const out = execFileSync('sh', ['-c', line], options);
      if (command.includes(' inspect '))
        expect(out).to.match(/^\{"address":"example\/greeter\/[^"]+","state":\{"seen":\d+\}\}$/m);
      else expect(out).to.match(command.includes(' start ') ? /^Started.*\nEnded/ : /^No damage/);
    });
  }

  it('shows how the greeter is started, looked into and verified', () => expect(commands).to.have.lengthOf(3));
});
