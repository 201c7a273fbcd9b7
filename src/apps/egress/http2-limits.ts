/** Every limit on HTTP/2 connections, on both sides. Past one, the stream or the connection ends with the code for it. */
export const HTTP2_LIMITS = {
  /** Streams that a client may have open; more are refused with REFUSED_STREAM, so that it may try again. */
  streams: 100,
  /** Streams past that before the connection ends. */
  rejectedStreams: 100,
  /** Of one stream, and of the whole connection, before the client has to wait. */
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 2 * 1024 * 1024,
  /** What Node keeps for one connection: frames to send, header tables, buffers. */
  sessionMegabytes: 8,
  headerPairs: 256,
  /** Frames that nghttp2 finds invalid, empty DATA frames among them. */
  invalidFrames: 32,
  settingsEntries: 16,
  /** RST_STREAM, PING and SETTINGS frames of a client, each in `floodWindowMs`. */
  resets: 100,
  pings: 100,
  settings: 20,
  floodWindowMs: 10_000,
  /** Streams of a connection that never became a request: their head is malformed, or has no end. */
  headlessStreams: 8,
  /** How often it is looked whether a stream was begun whose head never became a request. */
  sweepMs: 1_000,
} as const;

const BOTH = {
  maxSessionMemory: HTTP2_LIMITS.sessionMegabytes,
  maxHeaderListPairs: HTTP2_LIMITS.headerPairs + 8,
  maxOutstandingPings: 4,
  maxSettings: HTTP2_LIMITS.settingsEntries,
  maxSessionInvalidFrames: HTTP2_LIMITS.invalidFrames,
  strictFieldWhitespaceValidation: true,
} as const;

export const HTTP2_SERVER_OPTIONS = {
  ...BOTH,
  maxSessionRejectedStreams: HTTP2_LIMITS.rejectedStreams,
  streamResetBurst: HTTP2_LIMITS.resets,
  streamResetRate: HTTP2_LIMITS.resets / (HTTP2_LIMITS.floodWindowMs / 1_000),
  settings: {
    maxConcurrentStreams: HTTP2_LIMITS.streams,
    initialWindowSize: HTTP2_LIMITS.streamWindowBytes,
    maxHeaderListSize: 64 * 1024,
    // RFC 8441 is not offered: a WebSocket comes as an HTTP/1.1 upgrade, where it can be judged.
    enableConnectProtocol: false,
  },
} as const;

export const HTTP2_CLIENT_OPTIONS = {
  ...BOTH,
  settings: { enablePush: false, initialWindowSize: HTTP2_LIMITS.streamWindowBytes },
} as const;
