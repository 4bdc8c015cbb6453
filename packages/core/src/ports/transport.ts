/** An endpoint that is being listened to. */
export interface Listening {
  /** Stops: nothing is delivered once this has resolved. Idempotent. */
  close(): Promise<void>;
}

/**
 * Carries frames between endpoints: all that workers on several machines need of a network.
 *
 * It may lose frames, repeat, delay and reorder them; what it delivers is what was sent. Whatever has to be reliable
 * (order, repetition, backpressure, who may speak at all) is made of this by the runtime, on every transport alike.
 *
 * An endpoint is named by a text of 1 to 100 UTF-16 code units, well-formed and otherwise of any kind: a transport whose
 * own names allow less escapes it. Names that differ in anything name different endpoints.
 *
 * **Details**
 * - A frame that was handed over, to the transport or by it, is never written to again by anybody: it may be kept, sent
 *   again, or delivered to several receivers without a copy.
 * - `receive` is never called inside `send` or `listen`, but in a turn of the event loop of its own, and must not throw.
 *
 * Every implementation passes `transportConformance` of `@stateful-functions/core/testing`.
 */
export interface Transport {
  /** The largest frame that can be sent, in bytes. */
  readonly maxFrameBytes: number;
  /**
   * Delivers frames for an endpoint from the time this resolves.
   *
   * @throws SF_DUPLICATE_BINDING if this transport listens to that endpoint already.
   */
  listen(endpoint: string, receive: (frame: Uint8Array) => void): Promise<Listening>;
  /**
   * Sends a frame. Returns at once, and never tells of a loss: not even that nobody listens, or that there is no connection.
   *
   * @throws SF_FRAME_TOO_LARGE
   */
  send(endpoint: string, frame: Uint8Array): void;
  /**
   * Whether the network says that nobody listens to an endpoint: `true` soon after the process that did has ended, `false` in
   * doubt. A transport whose network knows nothing of listeners has no such method.
   *
   * A hint, and not for ever: whoever listens may have lost its connection for a moment. Does not reject.
   */
  isDeserted?(endpoint: string): Promise<boolean>;
}
