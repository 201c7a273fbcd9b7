"""Runs a program on a pseudo-terminal of its own and plays a person: waits for each prompt, then types.

Input, as JSON on standard input: {"argv": [...], "env": {...}, "uid": N or null, "dialogue": [[wait, type], ...]}.
Output: JSON with the exit code, everything shown, and whether what was typed stood in an argv or an environment.
"""
import json, os, pty, select, sys, time

job = json.load(sys.stdin)
pid, fd = pty.fork()
if pid == 0:
    if job.get("uid") is not None:
        os.setgroups([])
        os.setgid(job["uid"])
        os.setuid(job["uid"])
    os.execve(job["argv"][0], job["argv"], job["env"])

shown = b""
seen_from = 0
leaked = False
deadline = time.monotonic() + 60


def pump():
    global shown
    ready, _, _ = select.select([fd], [], [], 0.1)
    if not ready:
        return time.monotonic() < deadline
    try:
        data = os.read(fd, 65536)
    except OSError:
        return False
    shown += data
    return data != b""


def leaks(secret):
    for name in ("cmdline", "environ"):
        for one in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
            # The player itself has the secret on its standard input, not in these.
            if one.isdigit():
                try:
                    with open(f"/proc/{one}/{name}", "rb") as file:
                        if secret in file.read():
                            return True
                except OSError:
                    pass
    return False


for wait, typed in job["dialogue"]:
    alive = True
    while wait.encode() not in shown[seen_from:] and alive:
        alive = pump()
    if not alive:
        break
    seen_from = len(shown)
    if typed == "<generated>":
        typed = shown.decode().split("passphrase: ")[1].split()[0] + "\r"
    os.write(fd, typed.encode())
    secret = typed.strip().encode()
    if len(secret) >= 12:
        leaked = leaked or leaks(secret)

while pump():
    pass
if time.monotonic() >= deadline:
    os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "shown": shown.decode("utf-8", "replace"), "leaked": leaked}))
