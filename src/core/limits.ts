/** Every limit on what comes in, in one place. Past a limit: deny, with that reason. Units stand at the end of the name. */
export const LIMITS = {
  /** Text of one shell command, SQL statement list or git command. */
  commandBytes: 64 * 1024,
  /** One hook payload (a file write carries its whole content). */
  hookPayloadBytes: 8 * 1024 * 1024,
  /** One line on the daemon's socket. */
  socketLineBytes: 8 * 1024 * 1024,
  /** One line of `check --batch`. */
  batchLineBytes: 8 * 1024 * 1024,
  /** A request body that is judged; a larger one is refused where its meaning depends on the body. */
  judgedBodyBytes: 1024 * 1024,
  /** Header block of one request. */
  headerBytes: 64 * 1024,
  jsonDepth: 64,
  graphqlDepth: 32,
  graphqlTokens: 10_000,
  graphqlFields: 1_000,
  /** Wrappers inside wrappers (`sh -c "sudo bash -c ..."`), scripts calling scripts. */
  nestedCommands: 16,
  scriptBytes: 256 * 1024,
  /** Things that one rehearsal lists. */
  rehearsedLosses: 40,
  effects: 256,
  questions: 256,
  /** Rounds of classify and verify before the attempt counts as not understood. */
  verifyRounds: 8,
  verifyTimeoutMs: 10_000,
  approvalLifetimeMs: 10 * 60 * 1000,
  openHolds: 1_000,
  /** One task that asks without end must not leave the others without a person. */
  openHoldsOfTask: 100,
  /** Attempts that a door may have in flight before it refuses. */
  inFlight: 256,
  /** Text of one field on a card; longer than this cannot be signed. */
  cardTextChars: 20_000,
  safeguardBytes: 256 * 1024 * 1024,
  safeguardFiles: 20_000,
} as const;
