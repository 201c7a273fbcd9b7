/** Time-outs that a test lets run out by hand, so that no test is decided by how busy the machine is. */
export interface HandTimeout {
  timeout(ms: number): AbortSignal;
  /** All that were asked for so far run out. */
  expire(): void;
}

export function handTimeout(): HandTimeout {
  const running = new Set<AbortController>();
  return {
    timeout: () => {
      const one = new AbortController();
      running.add(one);
      return one.signal;
    },
    expire: () => {
      for (const one of running) one.abort();
      running.clear();
    },
  };
}
