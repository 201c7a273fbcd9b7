/** Files that shells and installed tools set themselves up by. */
export const SETUP_FILES =
  /(^|\/)(activate|\.(bash|zsh)rc|\.profile|\.bash_profile|nvm\.sh|\.cargo\/env|cargo\/env|\.env|\.envrc|conda\.sh|setup\.bash|bash_completion|env\.sh|\.nvm\/nvm\.sh|sdkman-init\.sh|\.env\.[\w.]+)$/;

/** Those that lie in a home or in the system, put there by an installer and not by the project. */
export const INSTALLED_SETUP =
  /^(~|\/home\/[^/]+|\/Users\/[^/]+|\/root|\/etc|\/usr|\/opt)\/(.*\/)?(activate|\.(bash|zsh)rc|\.profile|\.bash_profile|nvm\.sh|\.?cargo\/env|conda\.sh|setup\.bash|bash_completion|sdkman-init\.sh)$/;
