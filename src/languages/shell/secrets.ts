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

/** A pattern that hunts for secrets, whatever the file. */
export function huntsSecrets(pattern: string): boolean {
  return /(_TOKEN|_SECRET|PASSWORD|PASSWD|API_?KEY|SECRET_KEY|ACCESS_KEY|PRIVATE KEY|ghp_|sk-|AKIA|xox[bp]|token|secret|passw|credential|api.?key)/i.test(
    pattern,
  );
}
