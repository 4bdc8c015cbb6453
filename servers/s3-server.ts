/** Who may do what on an S3 server. */
export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A server that was brought up. */
export interface S3Process extends AsyncDisposable {
  readonly access: S3Access;
  /** Ends the server; its data stays. */
  stop(): Promise<void>;
  /** Brings it back at the same endpoint. */
  start(): Promise<void>;
}

/** A real S3 server for tests; disposing of it removes it with all its data, unless it is one the environment names. */
export interface S3Server extends S3Access, S3Process {
  /** Makes an empty bucket and resolves its name. */
  makeBucket(): Promise<string>;
}
