import { SECRET_VARIABLE_WORDS } from '../../catalog/paths.ts';

/** `GITHUB_TOKEN`, `AWS_SECRET_ACCESS_KEY`, `DB_PASSWORD`, `STRIPE_API_KEY`; not `TOKEN_COUNT` or `PUBLIC_KEY_PATH`. */
export function isSecretVariable(name: string): boolean {
  const words = name.toUpperCase().split('_');
  if (
    /(_COUNT|_PATH|_FILE|_DIR|_URL|_NAME|_ID|_TTL|_LIMIT|_LENGTH|_EXPIRY|_TYPE)$/.test(name.toUpperCase()) ||
    words.includes('PUBLIC')
  )
    return false;
  if (words.some((word) => SECRET_VARIABLE_WORDS.has(word))) return true;
  return (
    /(API|ACCESS|SECRET|PRIVATE|ENCRYPTION|SIGNING|MASTER|SERVICE|AUTH)_?KEY$/.test(name.toUpperCase()) ||
    name === 'DATABASE_URL'
  );
}

/** A word by which someone looks for secrets among variables. */
export function huntsVariables(pattern: string): boolean {
  return huntsSecrets(pattern) || /(key|pass|pwd|auth|cred|priv)/i.test(pattern);
}

/** A pattern that hunts for secrets, whatever the file. */
export function huntsSecrets(pattern: string): boolean {
  return /(_TOKEN|_SECRET|PASSWORD|PASSWD|API_?KEY|SECRET_KEY|ACCESS_KEY|PRIVATE KEY|ghp_|sk-|AKIA|xox[bp]|token|secret|passw|credential|api.?key)/i.test(
    pattern,
  );
}

/** What a filter shows of lines `NAME=value` is names alone: it cuts at the sign, or counts. */
export function showsNamesOnly(name: string, argv: readonly string[]): boolean {
  const text = argv.join('\n');
  if (name === 'cut') return /(^|\n)(-d\n?=|--delimiter==)/.test(text) && /(^|\n)(-f\n?1|--fields=1)(\n|$)/.test(text);
  if (name === 'sed') {
    const scripts = argv.filter((one) => !/^-[nEr]*$/.test(one));
    return scripts.some((one) => /^s([/|,#])=\.[*+]\$?\1[^&\\]*\1g?$/.test(one));
  }
  // awk: the sign is the separator, and the first field is all that is asked for.
  const program = argv.find((one) => one.includes('{')) ?? '';
  return (
    /(^|\n)(-F\n?=|--field-separator==|-F\n?\[=\])/.test(text) &&
    /\$1\b/.test(program) &&
    !/\$(0|[2-9]|1\d|NF|[({a-zA-Z])/.test(program) &&
    !/\bprint\s*[;}]/.test(program)
  );
}
