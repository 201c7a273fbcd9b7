/**
 * A seccomp program (classic BPF, as `bwrap --seccomp` takes it) that lets no rehearsed command open a socket, touch
 * another process's memory or reach parts of the kernel that no file work needs. Source: seccomp(2), linux/seccomp.h
 *
 * SECURITY: sockets of the file system (docker, ssh-agent, the guard's own) stand in the view and belong to servers
 * outside of it; a network namespace does not stop them, so no socket is made at all. `socketpair` stays.
 */
interface Machine {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly architecture: number;
  readonly refused: readonly number[];
}

/** Since Linux 5.2 new calls have one number on all machines. */
const REFUSED_EVERYWHERE = [
  425, // io_uring_setup: makes sockets without the call for it
  428, // open_tree
  429, // move_mount
  430, // fsopen
  432, // fsmount
  438, // pidfd_getfd
  442, // mount_setattr
];

const MACHINES: Readonly<Record<string, Machine>> = {
  x64: {
    architecture: 0xc000003e,
    refused: [
      41, // socket
      42, // connect
      101, // ptrace
      155, // pivot_root
      165, // mount
      166, // umount2
      175, // init_module
      176, // delete_module
      246, // kexec_load
      248, // add_key
      249, // request_key
      250, // keyctl
      272, // unshare
      298, // perf_event_open
      304, // open_by_handle_at
      308, // setns
      310, // process_vm_readv
      311, // process_vm_writev
      313, // finit_module
      321, // bpf
      323, // userfaultfd
    ],
  },
  arm64: {
    architecture: 0xc00000b7,
    refused: [
      198, // socket
      203, // connect
      117, // ptrace
      41, // pivot_root
      40, // mount
      39, // umount2
      105, // init_module
      106, // delete_module
      104, // kexec_load
      217, // add_key
      218, // request_key
      219, // keyctl
      97, // unshare
      241, // perf_event_open
      265, // open_by_handle_at
      268, // setns
      270, // process_vm_readv
      271, // process_vm_writev
      273, // finit_module
      280, // bpf
      282, // userfaultfd
    ],
  },
};

const PTRACE: Readonly<Record<string, number>> = { x64: 101, arm64: 117 };
/** The second set of numbers that x86-64 kernels answer to. */
const X32 = 0x40000000;
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const REFUSE = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;

/** `undefined` for a processor whose call numbers are not known here. `traced`: the sandbox's own tracer may trace. */
export function syscallFilter(processor: string, traced: boolean): Buffer | undefined {
  const machine = MACHINES[processor];
  if (machine === undefined) return undefined;
  const refused = [...machine.refused, ...REFUSED_EVERYWHERE].filter(
    (number) => !(traced && number === PTRACE[processor]),
  );
  const program: (readonly [code: number, ifTrue: number, ifFalse: number, value: number])[] = [
    [LOAD, 0, 0, 4],
    [JUMP_IF_EQUAL, 1, 0, machine.architecture],
    [RETURN, 0, 0, REFUSE | ENOSYS],
    [LOAD, 0, 0, 0],
    [JUMP_IF_AT_LEAST, 0, 1, X32],
    [RETURN, 0, 0, REFUSE | ENOSYS],
    ...refused.flatMap(
      (number) =>
        [
          [JUMP_IF_EQUAL, 0, 1, number],
          [RETURN, 0, 0, REFUSE | EPERM],
        ] as const,
    ),
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}
