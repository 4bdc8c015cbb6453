import type { FileSystem } from '../../src/ports/file-system.js';

/** Makes `path` hold `content` from `at` on, durably. */
export async function writeText(files: FileSystem, path: string, content: string | Uint8Array, at = 0): Promise<void> {
  const file = await files.open(path, 'update');
  await file.write(at, typeof content === 'string' ? Buffer.from(content) : content);
  await file.sync();
  await file.close();
}

export async function appendText(files: FileSystem, path: string, content: string | Uint8Array): Promise<void> {
  const file = await files.open(path, 'update');
  await file.write(await file.size(), typeof content === 'string' ? Buffer.from(content) : content);
  await file.close();
}

export async function contentsOf(files: FileSystem, path: string): Promise<string> {
  const file = await files.open(path, 'read');
  const bytes = await file.read(0, await file.size());
  await file.close();
  return Buffer.from(bytes).toString('utf8');
}
