/** How a channel uses the network. Both ends may differ. */
export interface ChannelLimits {
  /** The largest frame, in bytes; at most what the transport takes. */
  readonly maxFrameBytes: number;
  /**
   * Items that share a frame. How large they are shows only when they are encoded, so that more would make a wrong guess
   * expensive, and encoding more at a time than this is no faster.
   */
  readonly maxFrameItems: number;
  /** Items that leave at once when everything before has arrived: the receiver may have nothing to do. */
  readonly leastFrameItems: number;
  /** Bytes that the receiver grants to be on their way, and that it may get to hold: what a sender begins with. */
  readonly creditBytes: number;
  /** How long the sender waits for an acknowledgement before it sends again; doubled each time that none comes. */
  readonly resendAfterMs: number;
  readonly maxResendAfterMs: number;
}

export const channelLimits: ChannelLimits = {
  maxFrameBytes: 256 * 1024,
  maxFrameItems: 256,
  leastFrameItems: 32,
  creditBytes: 1024 * 1024,
  resendAfterMs: 250,
  maxResendAfterMs: 5_000,
};
