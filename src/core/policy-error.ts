/** The rule of a finding that says that a policy failed: malformed, undefined, too slow, not reachable. It denies. */
export const POLICY_ERROR = 'POLICY_ERROR';
