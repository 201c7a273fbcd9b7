/** Time, as a port, so that nothing in the pipeline reads it by itself. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump either way. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back within a boot. */
  monotonicMs(): number;
}
