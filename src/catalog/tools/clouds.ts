import { changes, destroys, exposes, grants, harmless, mends, type Tool } from '../entry.ts';

/** Word patterns that the big clouds use alike for hundreds of services. */
const AWS_DESTROY =
  'delete-*|terminate-*|remove-*|purge-*|deregister-*|reset-*|destroy-*|wipe-*|discard-*|revoke-*|disassociate-*|release-*|cancel-*|batch-delete-*|detach-*|disable-*|stop-db-*|force-*|schedule-key-deletion|failover-*|reboot-*|empty-*|clear-*|rollback-*|restore-*|retire-*|evict-*|expire-*|abort-*|decrease-*|untag-*|close-account|leave-organization|batch-write-item|batch-remove-*|batch-terminate-*|batch-disassociate-*|deprovision-*|admin-delete-*|admin-reset-*|admin-disable-*|flush-*';
const AWS_MILD =
  'untag-*|remove-tags*|cancel-*query*|cancel-command*|abort-multipart-upload|release-hosted*|deregister-targets|cancel-update*|delete-message|restore-db-instance-*|restore-table-*|restore-from-*';

export const AWS_TOOLS: readonly Tool[] = [
  {
    names: ['aws', 'awslocal', 'aws2'],
    system: 'aws',
    docs: 'https://docs.aws.amazon.com/cli/latest/reference/',
    dry: '--dry-run|--dryrun|--generate-cli-skeleton',
    otherwise: 'words',
    valued:
      '--profile --region --output --query --endpoint-url --cli-input-json --ca-bundle --color --cli-connect-timeout --bucket --key --prefix --table-name --function-name --db-instance-identifier --cluster --service --desired-count --name --stack-name --instance-ids --secret-id --lifecycle-configuration --policy-document --user-name --role-name --group-id --delete --key-id --filters --name-filter --exclude --include --acl --topic-arn --queue-url --log-group-name --hosted-zone-id --change-batch --max-items --cidr --ip-permissions --db-snapshot-identifier',
    rules: [
      harmless('* wait'),
      harmless('* help'),
      harmless('* * help'),
      destroys('object', 's3 rm', { sparedIf: 'throwaway' }),
      destroys('bucket', 's3 rb'),
      destroys('object', 's3 sync', { with: ['--delete'] }),
      mends('object', 's3 mv|cp|sync|mb', { unless: ['--acl=public-read|--acl=public-read-write'] }),
      grants('object', 's3 cp|sync|mv', { with: ['--acl=public-read|--acl=public-read-write'] }),
      exposes('object', 's3 presign'),
      harmless('s3'),
      destroys('lifecycle', 's3api put-bucket-lifecycle*|put-bucket-versioning|put-bucket-replication'),
      grants(
        'bucket',
        's3api put-bucket-policy|put-bucket-acl|put-object-acl|put-public-access-block|delete-public-access-block',
      ),
      exposes('secret', 'configure export-credentials|get'),
      exposes('secret', 'secretsmanager get-secret-value|batch-get-secret-value'),
      exposes('secret', 'ssm get-parameter|get-parameters|get-parameters-by-path', { with: ['--with-decryption'] }),
      exposes('secret', 'sts get-session-token|assume-role|assume-role-with-*|get-federation-token'),
      exposes('secret', 'kms decrypt'),
      harmless('ecr get-login*'),
      harmless('configure|sso'),
      exposes('secret', 'iam create-access-key|create-login-profile|create-service-specific-credential'),
      grants(
        'access',
        'iam attach-*|put-*-policy|add-user-to-group|create-policy-version|update-assume-role-policy|create-login-profile|update-login-profile|set-default-policy-version|deactivate-mfa-device|update-access-key',
      ),
      grants('access', 'ec2 authorize-security-group-*|modify-snapshot-attribute|modify-image-attribute'),
      grants('access', 'lambda|sns|sqs|ecr|kms add-permission|set-repository-policy|put-key-policy|create-grant'),
      grants('access', 'rds modify-db-snapshot-attribute'),
      harmless(`* ${AWS_MILD}`),
      destroys('resource', `* ${AWS_DESTROY}`, {
        names:
          '--db-instance-identifier|--table-name|--name|--stack-name|--function-name|--bucket|--secret-id|--instance-ids|--cluster|--key-id|--user-name|--role-name|--log-group-name',
      }),
      changes('service', 'ecs update-service', { with: ['--desired-count=0'] }),
      changes('capacity', 'autoscaling update-auto-scaling-group|set-desired-capacity', {
        with: ['--desired-capacity=0|--min-size=0|--max-size=0'],
      }),
      changes('capacity', 'lambda put-function-concurrency', { with: ['--reserved-concurrent-executions=0'] }),
      changes('database', 'rds modify-db-instance|modify-db-cluster', {
        with: ['--backup-retention-period=0|--no-deletion-protection|--master-user-password|--apply-immediately'],
      }),
      changes('table', 'dynamodb update-table', { with: ['--no-deletion-protection-enabled'] }),
      changes('ttl', 'dynamodb update-time-to-live'),
      changes('zone', 'route53 change-resource-record-sets'),
      changes('instance', 'ec2 stop-instances|modify-instance-attribute|replace-*'),
      changes('log group', 'logs put-retention-policy'),
      changes('trail', 'cloudtrail stop-logging|update-trail|put-event-selectors'),
      changes(
        'stack',
        'cloudformation update-stack|execute-change-set|set-stack-policy|cancel-update-stack|update-termination-protection',
      ),
      changes('organization', 'organizations move-account|detach-policy'),
      destroys('queue', 'sqs purge-queue'),
      changes('distribution', 'cloudfront update-distribution'),
      exposes(
        'message',
        'ses|sesv2|sns send-email|send-raw-email|send-bulk-email|send-templated-email|publish|publish-batch|send-bulk-templated-email',
      ),
      destroys('backup', 'backup delete-*|put-backup-vault-lock*|update-recovery-point-lifecycle|stop-backup-job'),
      changes('instances', 'ssm send-command'),
      harmless(''),
    ],
  },
];

const GCLOUD_VALUED =
  '--project --region --zone --location --instance --format --filter --account --configuration --cluster --role --member --limit --secret --keyring --key --dataset';

export const CLOUD_TOOLS: readonly Tool[] = [
  {
    names: ['gcloud'],
    system: 'gcloud',
    docs: 'https://cloud.google.com/sdk/gcloud/reference',
    valued: GCLOUD_VALUED,
    dry: '--dry-run|--validate-only',
    otherwise: 'words',
    rules: [
      exposes('secret', 'auth print-access-token|print-identity-token'),
      exposes('secret', 'auth application-default print-access-token'),
      exposes('secret', 'secrets versions access'),
      exposes('secret', 'iam service-accounts keys create'),
      harmless('config|auth|info|components|version|topic|help|init|emulators'),
      ...['*', '* *', '* * *', '* * * *'].flatMap((before) => [
        destroys(
          'resource',
          `${before} delete|destroy|remove|purge|rollback|reset|delete-*|remove-iam-policy-binding|failover|disable|abandon-instances|recreate-instances|clear|suspend|promote-replica|restore-backup|remove-*|reset-*|drop|kill`,
        ),
        grants('access', `${before} add-iam-policy-binding|set-iam-policy`),
      ]),
      destroys('object', 'storage rm'),
      destroys('object', 'storage rsync', { with: ['--delete-unmatched-destination-objects'] }),
      changes('instance', 'sql instances patch', {
        with: ['--no-deletion-protection|--no-backup|--activation-policy=NEVER'],
      }),
      destroys('backup', 'sql backups restore'),
      destroys('instance', 'sql instances restore-backup'),
      changes('instance', 'compute instances stop'),
      changes('capacity', 'container clusters resize', { with: ['--num-nodes=0|--size=0'] }),
      changes('access', 'run services update', { with: ['--allow-unauthenticated'] }),
      harmless(''),
    ],
  },
  {
    names: ['gsutil'],
    system: 'gcloud',
    docs: 'https://cloud.google.com/storage/docs/gsutil/commands',
    otherwise: 'words',
    rules: [
      destroys('object', 'rm|rb'),
      destroys('object', 'rsync', { with: ['-d'], unless: ['-n'] }),
      changes('lifecycle', 'lifecycle set'),
      changes('bucket', 'versioning|retention set|clear|off'),
      grants('access', 'iam ch|set'),
      grants('access', 'acl|defacl ch|set'),
      harmless(''),
    ],
  },
  {
    names: ['cbt'],
    system: 'gcloud',
    docs: 'https://cloud.google.com/bigtable/docs/cbt-reference',
    otherwise: 'words',
    rules: [
      destroys(
        'table',
        'deletetable|deleteallrows|deleterow|deletefamily|deleteinstance|deletecluster|deletecolumn|deleteappprofile|setgcpolicy',
      ),
    ],
  },
  {
    names: ['firebase'],
    system: 'firebase',
    docs: 'https://firebase.google.com/docs/cli',
    valued: '-P --project --only --except --token',
    dry: '--dry-run',
    otherwise: 'words',
    rules: [
      destroys(
        'data',
        'firestore:delete|database:remove|functions:delete|hosting:disable|hosting:sites:delete|hosting:channel:delete|auth:import|database:set|database:update|firestore:databases:delete|apps:android:sha:delete|remoteconfig:rollback|ext:uninstall|storage:delete|projects:delete|database:instances:delete|firestore:backups:delete',
      ),
      exposes('secret', 'functions:secrets:access'),
      destroys('secret', 'functions:secrets:destroy|functions:secrets:prune|functions:config:unset'),
      changes('site', 'deploy', { with: ['--force|-f'] }),
    ],
  },
  {
    names: ['az'],
    system: 'azure',
    docs: 'https://learn.microsoft.com/cli/azure/reference-index',
    valued:
      '-n --name -g --resource-group -o --output --subscription --query --account-name -c --container-name --vault-name --ids --location -l --server --database --parameters',
    dry: '--dryrun|--dry-run|--what-if',
    otherwise: 'words',
    rules: [
      exposes('secret', 'account get-access-token'),
      harmless('* * * delete-policy show'),
      exposes('secret', 'keyvault secret show|download|backup'),
      exposes('secret', 'storage account keys list|renew'),
      exposes('secret', 'ad sp create-for-rbac'),
      exposes('secret', 'ad sp|app credential reset'),
      exposes('secret', 'acr credential show'),
      exposes('secret', 'aks get-credentials', { with: ['--admin'] }),
      exposes('secret', 'redis|cosmosdb|servicebus|eventhubs|functionapp list-keys|keys-list'),
      grants('access', 'role assignment create'),
      grants('access', 'keyvault set-policy'),
      destroys('resource', 'account * delete|remove'),
      destroys('resource', 'account management-group subscription remove'),
      harmless('account|login|logout|config|configure|version|extension|find|interactive|feedback|upgrade'),
      destroys('resource', 'delete|destroy|purge'),
      ...['*', '* *', '* * *', '* * * *', '* * * * *', '* * * * * *'].map((before) =>
        destroys(
          'resource',
          `${before} delete|destroy|purge|remove|terminate|delete-batch|deallocate|stop|failover|failover-priority-change|reset|restore|revoke|disable|detach|delete-*|remove-*|purge-*|reset-*|revoke-*|rollback|clear|uninstall`,
        ),
      ),
      changes('deployment', 'deployment group|sub create', { with: ['--mode=Complete|--mode=complete'] }),
      changes('capacity', 'vmss scale', { with: ['--new-capacity=0'] }),
      harmless(''),
    ],
  },
  {
    names: ['azcopy'],
    system: 'azure',
    docs: 'https://learn.microsoft.com/azure/storage/common/storage-ref-azcopy',
    dry: '--dry-run',
    otherwise: 'words',
    rules: [
      destroys('object', 'remove|rm'),
      destroys('object', 'sync', { with: ['--delete-destination=true|--delete-destination'] }),
    ],
  },
  ...[
    ['doctl', 'https://docs.digitalocean.com/reference/doctl/reference/'],
    ['hcloud', 'https://github.com/hetznercloud/cli'],
    ['linode-cli', 'https://techdocs.akamai.com/cloud-computing/docs/cli'],
    ['linode', 'https://techdocs.akamai.com/cloud-computing/docs/cli'],
    ['scw', 'https://cli.scaleway.com/'],
    ['vultr-cli', 'https://github.com/vultr/vultr-cli'],
    ['oci', 'https://docs.oracle.com/iaas/tools/oci-cli/latest/'],
    ['ibmcloud', 'https://cloud.ibm.com/docs/cli'],
    ['openstack', 'https://docs.openstack.org/python-openstackclient/latest/'],
    ['civo', 'https://www.civo.com/docs/overview/civo-cli'],
    ['exo', 'https://community.exoscale.com/tools/command-line-interface/'],
    ['aliyun', 'https://www.alibabacloud.com/help/en/cli/'],
    ['tccli', 'https://www.tencentcloud.com/document/product/1013'],
    ['yc', 'https://yandex.cloud/en/docs/cli/'],
    ['upctl', 'https://upcloudltd.github.io/upcloud-cli/'],
    ['kamatera', 'https://www.kamatera.com/'],
    ['govc', 'https://github.com/vmware/govmomi/blob/main/govc/USAGE.md'],
    ['nova', 'https://docs.openstack.org/python-novaclient/latest/'],
    ['glance', 'https://docs.openstack.org/python-glanceclient/latest/'],
    ['cinder', 'https://docs.openstack.org/python-cinderclient/latest/'],
    ['equinix', 'https://github.com/equinix/metal-cli'],
    ['metal', 'https://github.com/equinix/metal-cli'],
    ['ovhcloud', 'https://github.com/ovh/ovhcloud-cli'],
    ['ovhai', 'https://docs.ovh.com/'],
    ['mc', 'https://min.io/docs/minio/linux/reference/minio-mc.html'],
    ['mcli', 'https://min.io/docs/minio/linux/reference/minio-mc.html'],
    ['s3cmd', 'https://s3tools.org/usage'],
    ['s5cmd', 'https://github.com/peak/s5cmd'],
    ['b2', 'https://www.backblaze.com/docs/cloud-storage-command-line-tools'],
    ['swift-client', 'https://docs.openstack.org/python-swiftclient/latest/'],
  ].map(
    ([name = '', docs = '']): Tool => ({
      names: [name],
      system: name,
      docs,
      valued:
        '--project --zone --region --format -o --output --context -c --config --profile -p -t --access-token --compartment-id -g',
      dry: '--dry-run|-n',
      otherwise: 'words',
      rules: [
        ...['', '* ', '* * ', '* * * '].map((before) =>
          destroys(
            'resource',
            `${before}delete|destroy|remove|rm|purge|rebuild|terminate|reset|poweroff|power-off|rb|del|delete-*|remove-*|shutdown|stop|revoke|rdel|linodes-delete|bulk-delete|detach|vm.destroy|datastore.rm|snapshot.remove|object.destroy|Delete*|Terminate*|Release*|destroy-*|undo|hide`,
          ),
        ),
        destroys('object', 'mirror|sync', { with: ['--remove|--delete|--delete-removed'] }),
        destroys('lifecycle', 'ilm|setlifecycle|expire'),
        grants('access', 'anonymous|policy set'),
        harmless(''),
      ],
    }),
  ),
];
