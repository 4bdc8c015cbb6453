/** The package managers that are known, by the names of their commands. */
export const packageManagers = ['npm', 'pnpm', 'yarn', 'bun'] as const;

export type PackageManagerName = (typeof packageManagers)[number];

/** A package manager, and how it says things. */
export class PackageManager {
  readonly name: PackageManagerName;

  constructor(name: PackageManagerName) {
    this.name = name;
  }

  /**
   * The one by which this program was started; npm, if nobody tells.
   *
   * @param userAgent what it tells the programs that it starts, as `npm_config_user_agent`: `pnpm/10.1.0 npm/? node/v22.1.0 …`
   */
  static ofUserAgent(userAgent: string | undefined): PackageManager {
    const [name] = (userAgent ?? '').split('/');
    return new PackageManager(packageManagers.find((known) => known === name) ?? 'npm');
  }

  /** The arguments by which it installs what `package.json` names. */
  get installArguments(): readonly string[] {
    return ['install'];
  }

  /** The command that installs, for people. */
  get install(): string {
    return `${this.name} install`;
  }

  /** The arguments by which it runs a script of `package.json`. */
  runArguments(script: string): readonly string[] {
    return ['run', script];
  }

  /** The command that runs a script, for people, perhaps with an option of the script. */
  run(script: string, option?: string): string {
    // bun has tests of its own under that name.
    const isShort = (script === 'start' || script === 'test') && this.name !== 'bun';
    const command = isShort ? `${this.name} ${script}` : `${this.name} run ${script}`;
    if (option === undefined) return command;
    // The others hand on what they do not know; pnpm would hand on the dashes too.
    return this.name === 'npm' ? `${command} -- ${option}` : `${command} ${option}`;
  }
}
