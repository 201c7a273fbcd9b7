/**
 * Makes the view and starts the sandbox in it. Runs in a user, mount and process namespace of its own, as its first
 * process: every mount and every process goes with it. Arguments, never text: SCRATCH BYTES SECONDS then `overlay|sealed PATH`, `folder PATH`,
 * `link PATH TO`, then `--` and the sandbox's own command line.
 *
 * Descriptor 3 takes what happened, a line each. It goes on where a line comes by standard input, and ends with it:
 * until then the view can be read.
 *
 * SECURITY: `set -e` first; nothing here writes outside of SCRATCH, which is a fresh file system before anything else.
 */
export const SETUP_SCRIPT = `set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022
scratch=$1 bytes=$2 seconds=$3
shift 3
mount -t tmpfs -o "size=$bytes,nr_inodes=100000,mode=0755,nosuid,nodev" rehearsal "$scratch"
cd "$scratch"
mkdir view upper work trace
mount -t proc proc /proc
n=0
while [ "$1" != -- ]; do
  how=$1 path=$2
  shift 2
  case $how in
    overlay|sealed)
      n=$((n + 1))
      mkdir -p "upper/$n" "work/$n" "view$path"
      chmod --reference="$path" "upper/$n" 2>/dev/null || chmod 0755 "upper/$n"
      [ "$how" = overlay ] || chmod a-w "upper/$n"
      mount -t overlay -o "lowerdir=$path,upperdir=$scratch/upper/$n,workdir=$scratch/work/$n,userxattr,nosuid,nodev" rehearsal "view$path" ||
        # Gone since it was listed: then it is not in the view either.
        [ ! -e "$path" ]
      ;;
    folder) mkdir -p "view$path" ;;
    link) ln -s "$1" "view$path"; shift ;;
  esac
done
shift
cd /
echo 1000 >/proc/self/oom_score_adj 2>/dev/null || :
echo ready >&3
read -r go
status=0
# SECURITY: whatever this process was given besides its own pipes would be the command's too.
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  [ "$fd" -le 4 ] || eval "exec $fd>&-"
done
timeout --foreground -s KILL "$seconds" "$@" </dev/null >/dev/null 3>&- || status=$?
# The last process may still be dying; until it is gone, what it wrote is not what it will have written.
kill -KILL -1 2>/dev/null || :
for turn in {1..300}; do
  left=(/proc/[0-9]*)
  [ \${#left[@]} -gt 1 ] || break
  sleep 0.01
done
[ \${#left[@]} -eq 1 ] || exit 1
echo "ended $status" >&3
read -r done || :
`;
