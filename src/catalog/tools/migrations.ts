import { changes, destroys, harmless, type Rule, type Tool } from '../entry.ts';

const sql = { system: 'sql', otherwise: 'words' } as const;
const calm = { system: 'sql', otherwise: 'harmless' } as const;

/** What migrators of many makers call the same things. */
const MIGRATORS: readonly Rule[] = [
  destroys('database', 'down|drop|reset|rollback|redo|revert|force|down-to|downgrade|undo|down:*|reset:*|clean'),
  destroys('database', '* * down|drop|reset|rollback|down-to|redo'),
  destroys(
    'database',
    'database|db|migrate|migration|migrations|schema drop|reset|down|revert|rollback|redo|fresh|refresh|clean|undo|setup-force',
  ),
  harmless('schema inspect|diff'),
];

export const MIGRATION_TOOLS: readonly Tool[] = [
  {
    ...calm,
    names: ['prisma', 'prisma2'],
    docs: 'https://www.prisma.io/docs/orm/reference/prisma-cli-reference',
    valued: '--schema --name --preview-feature-name --url --file --stdin-name',
    connection: { loader: 'prisma', words: { schema: '--schema', url: '--url' } },
    rules: [
      destroys('database', 'migrate reset'),
      destroys('database', 'db push', { with: ['--force-reset|--accept-data-loss'] }),
      changes('database', 'db push', { reversal: 'unknown' }),
      changes('database', 'db execute'),
      changes('migration', 'migrate resolve', { reversal: 'undoable' }),
      changes('database', 'migrate deploy', { reversal: 'unknown' }),
      destroys('database', 'postgres|platform * delete*'),
    ],
  },
  {
    ...calm,
    names: ['drizzle-kit'],
    docs: 'https://orm.drizzle.team/docs/kit-overview',
    connection: { loader: 'code', words: { url: '--url' } },
    rules: [
      changes('database', 'push', { reversal: 'unknown' }),
      changes('database', 'push:*'),
      destroys('migration', 'drop'),
    ],
  },
  {
    ...sql,
    names: ['rails', 'rake', 'hanami'],
    docs: 'https://guides.rubyonrails.org/command_line.html',
    valued: '-e --environment',
    connection: { loader: 'rails', words: { env: '-e|--environment|RAILS_ENV=|RACK_ENV=' } },
    rules: [
      destroys(
        'database',
        'db:drop*|db:reset*|db:rollback*|db:migrate:reset*|db:migrate:redo*|db:migrate:down*|db:schema:load*|db:structure:load*|db:purge*|db:truncate_all*|db:test:purge|db:setup|db:seed:replant*|db:environment:set|db:fixtures:load',
      ),
      destroys('database', 'db drop|rollback|reset'),
      changes('database', 'db:migrate', { with: ['RAILS_ENV=production|RAILS_ENV=prod'] }),
      harmless('db:*'),
      harmless('destroy'),
      harmless('d'),
      harmless('tmp:*|log:clear|cache:clear|assets:*|routes|test*|server|s|console|c|generate|g|spec*|clobber|clean'),
    ],
  },
  {
    ...sql,
    names: ['manage.py', 'django-admin'],
    docs: 'https://docs.djangoproject.com/en/stable/ref/django-admin/',
    valued: '--settings --database --pythonpath --verbosity -v --app',
    connection: { loader: 'django', words: { settings: '--settings' } },
    rules: [
      destroys('database', 'flush|reset_db|sqlclear-run|reset_schema|drop_test_database|clear_index|rebuild_index'),
      destroys('database', 'migrate * zero'),
      changes('database', 'migrate', { with: ['--fake'], unless: ['--plan'], reversal: 'undoable' }),
      destroys('database', 'delete_*|remove_stale_contenttypes|clearsessions_all|purge*'),
      harmless(
        'sql*|migrate|showmigrations|makemigrations|runserver|shell|test|check|collectstatic|loaddata|dumpdata|createsuperuser|dbshell|clearsessions|startapp|diffsettings|compilemessages|makemessages',
      ),
    ],
  },
  {
    ...sql,
    names: ['alembic'],
    docs: 'https://alembic.sqlalchemy.org/en/latest/api/commands.html',
    dry: '--sql',
    connection: { loader: 'code' },
    rules: [destroys('database', 'downgrade'), changes('database', 'stamp', { reversal: 'undoable' })],
  },
  {
    ...sql,
    names: ['flask', 'quart', 'litestar'],
    docs: 'https://flask-migrate.readthedocs.io/',
    connection: { loader: 'code' },
    rules: [
      destroys('database', 'db downgrade'),
      destroys('database', 'db drop*|reset*|clean*'),
      destroys('database', 'drop-db|drop_db|reset-db|reset_db|init-db|init_db|drop-all|drop_all'),
    ],
  },
  {
    ...sql,
    names: [
      'aerich',
      'piccolo',
      'yoyo',
      'goose',
      'migrate',
      'golang-migrate',
      'sqitch',
      'tern',
      'sea-orm-cli',
      'refinery',
      'graphile-migrate',
      'node-pg-migrate',
      'db-migrate',
      'migrate-mongo',
      'umzug',
      'atlas',
      'bytebase',
      'sqldef',
      'skeema',
      'soda',
      'bun-migrate',
      'dbdeployer',
      'pgroll',
      'reshape',
    ],
    docs: 'https://github.com/golang-migrate/migrate/tree/master/cmd/migrate',
    longDash: true,
    valued:
      '-path -database -source -dir --database-url --source --url -u --env -e --dir --database --path -c --config',
    dry: '--dry-run|-dry-run',
    connection: { loader: 'code', words: { env: '--env', url: '-database|--database|--database-url|--url|-u' } },
    rules: MIGRATORS,
  },
  {
    ...sql,
    names: ['dbmate', 'sqlx', 'diesel'],
    docs: 'https://github.com/amacneil/dbmate#command-line-options',
    valued: '--database-url -D --url -u -e --env -d --migrations-dir --source --config-file',
    connection: { loader: 'url', words: { url: '--url|-u|--database-url|-D', variable: '-e|--env' } },
    rules: MIGRATORS,
  },
  {
    ...sql,
    names: ['flyway'],
    docs: 'https://documentation.red-gate.com/flyway/reference/commands',
    longDash: true,
    rules: [
      destroys('database', 'clean|undo|baseline-force'),
      destroys('database', '* clean'),
      changes('migration', 'repair', { reversal: 'undoable' }),
    ],
  },
  {
    ...sql,
    names: ['liquibase'],
    docs: 'https://docs.liquibase.com/commands/home.html',
    valued: '--changelog-file --url --username --password',
    rules: [
      harmless('*-sql|*SQL|*sql'),
      destroys('database', 'drop-all|dropAll|rollback*|drop*|update-testing-rollback|undo*'),
      harmless('clear-checksums|tag'),
    ],
  },
  {
    ...sql,
    names: ['artisan', 'sail'],
    docs: 'https://laravel.com/docs/migrations',
    // Source: https://laravel.com/docs/configuration#additional-environment-files
    settings: { flag: '--env', files: ['.env.{}', '.env'], override: 'bootstrap/cache/config.php' },
    connection: { loader: 'laravel', words: { env: '--env', connection: '--database' } },
    rules: [
      destroys(
        'database',
        'migrate:fresh|migrate:refresh|migrate:reset|migrate:rollback|db:wipe|queue:clear|queue:flush|tenants:migrate-fresh|schema:dump-prune|telescope:prune-all|horizon:clear|passport:purge-all|model:prune',
      ),
      destroys('database', 'artisan migrate:fresh|migrate:refresh|migrate:reset|migrate:rollback|db:wipe'),
      destroys('database', 'schema:dump', { with: ['--prune'] }),
      destroys('database', 'backup:clean'),
      harmless(
        '*:clear|*:cache|migrate|migrate:status|tinker|serve|test|make:*|route:*|key:generate|queue:*|down|up|optimize*|storage:link|vendor:publish|auth:clear-resets|model:show',
      ),
    ],
  },
  {
    ...sql,
    names: ['console', 'doctrine', 'doctrine-migrations', 'phinx', 'spark', 'cake', 'yii'],
    docs: 'https://symfony.com/bundles/DoctrineMigrationsBundle/current/index.html',
    dry: '--dry-run|--dump-sql',
    rules: [
      destroys(
        'database',
        'doctrine:database:drop|doctrine:schema:drop|d:d:d|d:s:d|orm:schema-tool:drop|dbal:drop|migrate:rollback|migrate:refresh|migrate/down|migrate/fresh|migrate/redo|rollback',
      ),
      destroys('database', 'doctrine:schema:update|orm:schema-tool:update|d:s:u', { with: ['--force|-f|--complete'] }),
      destroys('database', 'migrations rollback'),
      destroys('database', 'doctrine:fixtures:load', { unless: ['--append'] }),
      destroys('database', 'doctrine:migrations:execute|doctrine:migrations:migrate', {
        with: ['--down|prev|first|0'],
      }),
      harmless('cache:*|debug:*|make:*|doctrine:*|lint:*|router:*|assets:*|messenger:*|server:*'),
    ],
  },
  {
    ...sql,
    names: ['knex', 'objection', 'bookshelf'],
    docs: 'https://knexjs.org/guide/migrations.html',
    connection: { loader: 'code', words: { env: '--env' } },
    rules: [
      destroys('database', 'migrate:rollback|migrate:down|migrate:unlock'),
      destroys('database', 'migrate rollback|down'),
      destroys('database', 'seed:run'),
    ],
  },
  {
    ...sql,
    names: ['sequelize', 'sequelize-cli'],
    docs: 'https://sequelize.org/docs/v6/other-topics/migrations/',
    valued: '--env --url',
    connection: { loader: 'code', words: { env: '--env', url: '--url' } },
    rules: [destroys('database', 'db:drop|db:migrate:undo*|db:seed:undo*')],
  },
  {
    ...sql,
    names: ['typeorm', 'typeorm-ts-node-commonjs', 'typeorm-ts-node-esm', 'mikro-orm'],
    docs: 'https://typeorm.io/docs/advanced-topics/using-cli',
    connection: { loader: 'code' },
    dry: '--dump|-d=dry',
    rules: [
      destroys(
        'database',
        'schema:drop|migration:revert|database:drop|schema:fresh|migration:down|migration:fresh|cache:clear-db',
      ),
      destroys('database', 'schema:sync|schema:update', { unless: ['--dump'] }),
      harmless('schema:log|migration:*|cache:clear|query'),
    ],
  },
  {
    ...sql,
    names: ['mix', 'elixir-release'],
    docs: 'https://hexdocs.pm/ecto_sql/Mix.Tasks.Ecto.Rollback.html',
    rules: [
      destroys('database', 'ecto.drop|ecto.reset|ecto.rollback|ash.reset|ash_postgres.drop|ash_postgres.rollback'),
      destroys('package', 'hex.publish|hex.retire'),
      harmless(''),
    ],
  },
  {
    ...sql,
    names: ['dotnet', 'dotnet-ef'],
    docs: 'https://learn.microsoft.com/ef/core/cli/dotnet',
    valued: '-p --project -s --startup-project --context -c -o -f --framework',
    rules: [
      destroys('database', 'ef database drop', { unless: ['--dry-run'] }),
      destroys('database', 'database drop', { unless: ['--dry-run'] }),
      destroys('database', 'ef database update 0'),
      destroys('package', 'nuget delete'),
      { verb: 'expose', what: 'package', on: 'nuget push', reversal: 'irreversible' },
      harmless(''),
    ],
  },
  {
    ...calm,
    names: ['gradle', 'gradlew', 'mvn', 'mvnw', 'sbt'],
    docs: 'https://documentation.red-gate.com/flyway/reference/usage/gradle-task',
    rules: [
      destroys(
        'database',
        'flywayClean|flywayUndo|dropAll|rollback*|update-drop|liquibaseDropAll|liquibase:dropAll|flyway:clean|flyway:undo|liquibase:rollback',
      ),
      {
        verb: 'expose',
        what: 'package',
        on: 'publish|deploy|uploadArchives|publishToMavenCentral|publishAllPublications*|release:perform|publishPlugins|closeAndReleaseRepository|publishSigned|sonatypeBundleRelease',
        reversal: 'irreversible',
        unless: ['--dry-run|-m|-DskipDeploy'],
      },
      destroys('database', '* flyway:clean|liquibase:dropAll|flywayClean'),
    ],
  },
  {
    ...sql,
    names: ['hasura'],
    docs: 'https://hasura.io/docs/2.0/hasura-cli/overview/',
    rules: [
      destroys('database', 'migrate delete|squash'),
      destroys('database', 'migrate apply', { with: ['--down|--type=down'] }),
      destroys('metadata', 'metadata|md clear|drop|reset'),
    ],
  },
  {
    ...sql,
    names: ['wp'],
    docs: 'https://developer.wordpress.org/cli/commands/',
    rules: [
      destroys('database', 'db reset|drop|clean|query-drop'),
      destroys('site', 'site empty|delete'),
      destroys('content', 'post|user|comment|term|media|plugin|theme|option|menu|widget delete|uninstall|reset'),
      destroys('database', 'search-replace', { unless: ['--dry-run'] }),
      destroys('database', 'db import'),
      harmless('cache|transient|rewrite|cron|core|cli'),
    ],
  },
  {
    ...sql,
    names: ['drush'],
    docs: 'https://www.drush.org/latest/commands/all/',
    rules: [
      destroys(
        'database',
        'sql:drop|sql-drop|sqlq|sql:sync|sql-sync|site:install|site-install|si|entity:delete|pm:uninstall|pmu|user:cancel|config:delete|cdel',
      ),
    ],
  },
  {
    ...sql,
    names: ['strapi', 'directus', 'payload', 'medusa'],
    docs: 'https://docs.strapi.io/cms/cli',
    rules: [
      destroys('content', 'import', { with: ['--force'] }),
      destroys('content', 'transfer'),
      destroys('database', 'migrate:fresh|migrate:down|migrate:reset|migrate:refresh|database rollback|migrate:down'),
    ],
  },
  {
    ...sql,
    names: ['dbt'],
    docs: 'https://docs.getdbt.com/reference/dbt-commands',
    otherwise: 'harmless',
    rules: [
      destroys('table', 'run|build|seed|snapshot', { with: ['--full-refresh|-f'] }),
      destroys('table', 'run-operation *drop*|*delete*|*truncate*|*wipe*'),
    ],
  },
  {
    ...sql,
    names: ['airflow', 'superset'],
    docs: 'https://airflow.apache.org/docs/apache-airflow/stable/cli-and-env-variables-ref.html',
    rules: [
      destroys('database', 'db reset|clean|drop-archived|downgrade|init'),
      destroys('dag', 'dags delete'),
      destroys('task', 'tasks clear'),
      destroys('thing', '* delete'),
    ],
  },
  {
    ...sql,
    names: ['celery'],
    docs: 'https://docs.celeryq.dev/en/stable/reference/cli.html',
    valued: '-A --app -b',
    rules: [
      destroys('queue', 'purge'),
      destroys('queue', 'amqp queue.delete|queue.purge'),
      destroys('worker', 'control shutdown'),
    ],
  },
  { ...sql, names: ['sidekiqctl', 'resque', 'bullmq'], docs: 'https://github.com/sidekiq/sidekiq/wiki', rules: [] },
];
