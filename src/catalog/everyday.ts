/** Programs that read, build, test or show, and destroy nothing by themselves. No rule is needed for them. */
export const EVERYDAY: ReadonlySet<string> = new Set(
  `ls ll la dir exa eza lsd tree stat file wc diff cmp comm sdiff colordiff delta df du ncdu duf free top htop btop ps uptime uname hostname whoami id groups
  who w last lsof ss netstat ping ping6 traceroute mtr dig nslookup host whois ifconfig arp route nmap lscpu lsblk lsusb lspci lsmod dmesg vmstat iostat
  md5sum sha1sum sha256sum sha512sum b2sum cksum shasum md5 cal bc dc expr factor yes clear reset-terminal tput stty locale getconf arch nproc man info whatis apropos
  tsc eslint prettier biome oxlint oxfmt vitest jest mocha ava tap c8 nyc karma cypress playwright vite rollup webpack esbuild parcel turbo nx lerna swc babel tsup
  tsx ts-node next nuxt astro remix svelte-kit gatsby storybook ng vue-cli metro react-native typedoc jsdoc stylelint commitlint lint-staged knip depcheck madge husky-check
  pytest unittest mypy ruff black isort flake8 pylint bandit pyright coverage sphinx-build mkdocs jupyter ipython-check uvicorn gunicorn hypercorn daphne streamlit
  gcc g++ cc c++ clang clang++ clang-format clang-tidy cmake ninja meson ld as ar nm objdump readelf strip-check ldd gdb lldb valgrind-check javac java javadoc jar kotlinc kotlin scalac scala sbt mvn mvnw gradle gradlew ant
  rustc rustfmt clippy-driver rust-analyzer go gofmt goimports golangci-lint staticcheck gotestsum gopls dlv zig swift swiftc xcodebuild xcrun dotnet msbuild nuget mix elixir iex erl rebar3 ghc cabal stack-check runghc ocaml dune
  rspec rubocop bundle-check solargraph phpunit phpstan psalm pest pint php-cs-fixer phpcs sqlfluff shellcheck shfmt hadolint yamllint markdownlint markdownlint-cli2 vale cspell codespell actionlint tflint tfsec checkov trivy grype syft snyk semgrep gitleaks trufflehog detect-secrets
  docker-credential-helper hadolint dive k6 ab wrk hey siege locust lighthouse pa11y ffmpeg ffprobe convert magick identify sox pandoc pdftotext pdflatex latexmk xelatex graphviz dot plantuml mermaid mmdc qpdf exiftool optipng pngquant cwebp
  protoc buf grpcurl openapi-generator openapi-generator-cli swagger-cli redocly spectral graphql-codegen quicktype jsonlint ajv xmllint xsltproc csvkit csvcut csvstat mlr xsv tidy
  code cursor subl idea open xdg-open start explorer gitk tig lazygit lazydocker k9s fzf peco direnv tldr cheat bat-cache watchman entr-check asciinema vhs neofetch fastfetch cloc tokei scc
  ssh-keygen ssh-add ssh-copy-id ssh-keyscan gpg gpg2 openssl age-keygen keytool mkcert certbot-check
  pre-commit lefthook cookiecutter copier degit plop hygen yo create-react-app create-next-app create-vite copier sam-check serverless-check localstack act
  strace-check perf-check hyperfine-check tmux-ls screen-ls xset setxkbmap notify-send say osascript-check afplay pbpaste xsel wl-copy wl-paste sw_vers system_profiler sysctl-check
  conda-env pyenv rbenv nvm fnm volta asdf mise rustup sdk jenv n goenv poetry pdm pipenv uv pip pip3 pipx hatch rye pixi conda mamba
  cargo trunk cross just-check deno bun-check composer gem bundle bundler cpan cpanm luarocks opam nimble shards lein boot clj clojure
  tokio-console flamegraph inferno heaptrack massif-visualizer kcachegrind cargo-nextest nextest insta proptest bacon cargo-watch
  minikube kind k3d helmfile kustomize kubectx kubens stern skaffold tilt devspace telepresence kubeval kubeconform kube-score popeye argocd-check flux-check
  ngrok cloudflared tailscale-check serve http-server live-server json-server browser-sync concurrently-check pm2-check nodemon-check wait-on wait-for-it dotenv-cli
  claude codex gemini opencode aider cody llm ollama-check whisper huggingface-check dvc-check tensorboard nvidia-smi nvcc
  column-check jo envsubst gettext msgfmt xgettext po4a uuid pwgen openssl-check look cut join paste split csplit fmt ptx tsort rename-check m4 flex bison yacc gperf autoconf automake autoreconf libtool pkg-config configure aclocal cpp cppcheck include-what-you-use
  mdbook hugo jekyll eleventy hexo vuepress vitepress docusaurus antora bundlesize size-limit source-map-explorer why-is-node-running ncu npm-check npm-check-updates npkill-check license-checker syncpack changeset changesets release-it-check semantic-release-check standard-version conventional-changelog
  drill openapi-typescript tailwindcss postcss sass less-check uglifyjs terser svgo lessc stylus pug ejs handlebars nest typeorm-check prisma-check contentful-check keystone `
    .split(/\s+/)
    .filter((name) => !name.endsWith('-check')),
);
