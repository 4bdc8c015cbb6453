import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Documents name files and commands; these tests notice when one is renamed or removed. */
describe('The documents', () => {
  for (const document of readdirSync(root).filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(join(root, document), 'utf8');

    it(`${document} names files that exist`, () => {
      const paths = quoted(text).filter((words) => /^[\w@.-]+(\/[\w@.-]+)+\.(ts|js|json|jsonl|md|yml)$/.test(words));
      const links = [...text.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map(([, target]) => target as string);
      const missing = [...paths, ...links].filter((path) => !isThere(path));
      expect(missing).to.deep.equal([]);
    });

    it(`${document} names npm scripts that exist`, () => {
      const named = [...text.matchAll(/npm run ([\w:-]+)(?: --workspace ([\w/-]+))?/g)];
      const missing = named.filter(([, script, workspace]) => !Object.hasOwn(scriptsOf(workspace), script as string));
      expect(missing.map(([command]) => command)).to.deep.equal([]);
    });

    it(`${document} links to headings that exist`, () => {
      const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slugOf(heading as string));
      const targets = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, target]) => target as string);
      expect(targets.filter((target) => !headings.includes(target))).to.deep.equal([]);
    });
  }
});

function scriptsOf(workspace = ''): object {
  return JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8')).scripts;
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

/** The anchor that renderers of Markdown give a heading. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
