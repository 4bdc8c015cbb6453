import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { pages, root, shellLines } from '../documented-commands.js';

/** Documents name files and commands; these tests notice when one is renamed or removed. */
describe('The documents', () => {
  for (const page of [...pages, 'llms.txt']) {
    const text = read(page);

    it(`${page} names files that exist`, () => {
      const paths = quoted(text).filter((words) => /^[\w@.-]+(\/[\w@.-]+)+\.(ts|js|json|jsonl|md|yml)$/.test(words));
      expect(paths.filter((path) => !isThere(path))).to.deep.equal([]);
    });

    it(`${page} links to what exists, and to headings that exist`, () => {
      const targets = [...text.matchAll(/\]\(([^):]+)\)/g)].map(([, target]) => target as string);
      expect(targets.filter((target) => !leadsSomewhere(page, target))).to.deep.equal([]);
    });

    it(`${page} names npm scripts that exist`, () => {
      const named = [...text.matchAll(/npm run ([\w:-]+)(?: --workspace ([\w/-]+))?/g)];
      const missing = named.filter(([, script, workspace]) => !Object.hasOwn(scriptsOf(workspace), script as string));
      expect(missing.map(([command]) => command)).to.deep.equal([]);
    });

    it(`${page} shows commands that exist`, () => {
      const known =
        /^(npm (create|install|test|start|run|ci)|npx (sf|tsc|mocha)|node|curl|docker|[A-Z_]+=\S+ npx (mocha|sf))\b/;
      expect(shellLines(text).filter((line) => !known.test(line))).to.deep.equal([]);
      const files = shellLines(text).flatMap((line) => /\bnode (\w\S*\.js)/.exec(line)?.[1] ?? []);
      expect(files.filter((file) => !isThere(file))).to.deep.equal([]);
    });

    it(`${page} calls sf with commands and options that it has`, function () {
      this.timeout(60_000);
      const lines = text.split('\n').flatMap((line) => /^(?:\$ )?(?:npx )?sf (.*)$/.exec(line)?.[1] ?? []);
      const inline = quoted(text).flatMap((words) => /^sf (.*)$/.exec(words)?.[1] ?? []);
      for (const line of [...lines, ...inline]) {
        const words = line.replace(/ #.*$/, '').split(' ');
        const command = words.slice(0, words[0] === 'checkpoints' && /^[a-z]+$/.test(words[1] ?? '') ? 2 : 1);
        const help = helpOf(command.join(' '));
        for (const option of words.filter((word) => word.startsWith('--'))) expect(help, line).to.contain(option);
      }
    });
  }

  it('llms.txt lists every page of docs/, and begins as such a file does', () => {
    const text = read('llms.txt');
    expect(text).to.match(/^# \S.*\n\n> \S/);
    for (const page of pages.filter((name) => name.startsWith('docs/'))) expect(text).to.contain(`](${page})`);
  });
});

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function scriptsOf(workspace = '.'): object {
  return JSON.parse(read(join(workspace, 'package.json'))).scripts;
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, words]) => words as string);
}

/** Built files are named by their source; a path is from the root, or within core. */
function isThere(path: string): boolean {
  const source = path.replace(/\/dist\//, '/').replace(/\.js$/, '.ts');
  const folders = ['', 'packages/core', 'packages/core/src'].map((folder) => join(root, folder));
  return folders.some((folder) => existsSync(join(folder, path)) || existsSync(join(folder, source)));
}

/** Whether a link from a page leads to a file or folder, and to a heading in it if it names one. */
function leadsSomewhere(page: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page : join(dirname(page), file);
  if (!existsSync(join(root, path))) return false;
  return anchor === undefined || anchorsOf(path).includes(anchor);
}

function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading as string));
}

/** The anchor that renderers of Markdown give a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

const helps = new Map<string, string>();

/** What a command of `sf` says of itself. @throws if there is no such command */
function helpOf(command: string): string {
  const known = helps.get(command);
  if (known !== undefined) return known;
  const program = join(root, 'packages/cli/bin/sf.js');
  const help = execFileSync(process.execPath, [program, ...command.split(' '), '--help'], { encoding: 'utf8' });
  if (!help.includes(`sf ${command}`)) throw new Error(`sf has no command ${command}`);
  helps.set(command, help);
  return help;
}
