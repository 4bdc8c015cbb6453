/** What a driver is about, in the order of the numbers they have in a frame. */
export const driverStates = ['free', 'fetching', 'driving'] as const;

/** Twelve bits of a driver's number are the cell, the rest is what he is about. */
export const cellBits = 12;

/** One picture of the city, as it goes to the page a few times a second. */
export interface Frame {
  /** Base64 of one 16-bit number for each driver, little-endian: his cell, and above it the index of `driverStates`. */
  readonly drivers: string;
  /** The cells of passengers who wait to be fetched. */
  readonly waiting: readonly number[];
  readonly rides: RideFigures;
  readonly application: ApplicationFigures;
  /** What the check at the end of a run came to: what is wrong. `undefined` while it runs. */
  readonly verdict: readonly string[] | undefined;
}

export interface RideFigures {
  readonly requested: number;
  readonly underWay: number;
  readonly ended: number;
  readonly failed: number;
}

export interface ApplicationFigures {
  /** Whether messages are handled, as far as is known. */
  readonly isRunning: boolean;
  readonly messagesPerSecond: number;
  readonly checkpoint: {
    /** Its number in the log of manifests; 0 before the first. */
    readonly index: number;
    /** Since the last one was committed; `undefined` before the first. */
    readonly ageMs: number | undefined;
    readonly durationMs: number;
  };
  /** The nodes of a cluster; none where the application is embedded. */
  readonly nodes: readonly NodeFigures[];
}

export interface NodeFigures {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: 'running' | 'starting' | 'down';
  /** Of all key groups, how many it has. */
  readonly keyGroups: number;
}
