// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

package jail

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Enter shuts this process in, all its threads. See the package.
func Enter() (Held, error) {
	var h Held
	debug.SetMemoryLimit(softMemory)
	reserved, err := addresses() // while files can be read
	if err != nil {
		return h, fmt.Errorf("read the size of the process: %w", err)
	}
	// The filter takes hold of all threads at once only if none of them could gain rights.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return h, fmt.Errorf("give up new rights: %w", err)
	}
	// Nobody may look into its memory, and it leaves no core.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return h, fmt.Errorf("close the memory of the process: %w", err)
	}
	h.NoFiles = noFiles() // while it may still have one descriptor more
	if err := figures(reserved); err != nil {
		return h, fmt.Errorf("limit the process: %w", err)
	}
	h.Figures = true
	if err := filter(); err != nil {
		return h, fmt.Errorf("%w: %w", ErrUnable, err)
	}
	h.Syscalls = true
	return h, nil
}

// addresses returns how many bytes of addresses the process has: the Go runtime reserves most of a
// gigabyte at its start, which costs nothing.
func addresses() (uint64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, _, _ := strings.Cut(string(statm), " ")
	n, err := strconv.ParseUint(pages, 10, 32)
	return n * uint64(os.Getpagesize()), err
}

// figures sets the resource limits; addresses are counted from what is reserved. Processes are not
// limited by number, because that counts every thread of the same user: the filter refuses them instead.
func figures(reserved uint64) error {
	for _, l := range []struct {
		what int
		most uint64
	}{
		{unix.RLIMIT_AS, reserved + memory},
		{unix.RLIMIT_CPU, seconds},
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_NOFILE, descriptors},
		{unix.RLIMIT_MEMLOCK, 0},
		{unix.RLIMIT_MSGQUEUE, 0},
	} {
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return fmt.Errorf("limit %d to %d: %w", l.what, l.most, err)
		}
	}
	return nil
}

// noFiles gives up the file system and, where the kernel knows that, TCP, by Landlock, on every thread.
// The rule set handles all rights and allows none.
func noFiles() bool {
	version, _, e := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return false
	}
	// The rights by version of the interface, as the kernel's documentation lists them.
	attr := unix.LandlockRulesetAttr{Handled_access_fs: 1<<13 - 1}
	if version >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	// An older kernel takes the longer form, as long as what it does not know is zero.
	fd, _, e := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if e != 0 {
		return false
	}
	// Landlock holds one thread at a time. A program with cgo cannot be told to do it on all of them,
	// and then only the filter holds; ours is built without.
	if _, _, e = syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); e == 0 {
		_, _, e = syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
	}
	syscall.Close(int(fd))
	return e == 0
}

// allowed is what the Go runtime needs to compute, to read and write, and to end.
var allowed = append([]uintptr{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE, unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK,
	unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY,
	unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_SIGALTSTACK, unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK,
	unix.SYS_RT_SIGRETURN, unix.SYS_TGKILL, unix.SYS_GETTID, unix.SYS_GETPID, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_GETRANDOM, unix.SYS_RESTART_SYSCALL, unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE,
	unix.SYS_SETITIMER, unix.SYS_RSEQ, unix.SYS_SET_ROBUST_LIST, unix.SYS_MEMBARRIER,
	unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_CTL, // the poller is set up by the first file that is read, which addresses does
}, allowedHere...)

// filter installs the list on all threads. What is not on it fails with EPERM, so that a library
// that tries something needless does not end the process. The memory of threads may be shared by
// clone only, and no memory becomes executable.
func filter() error {
	arch := uint32(unix.AUDIT_ARCH_X86_64)
	if runtime.GOARCH == "arm64" {
		arch = unix.AUDIT_ARCH_AARCH64
	}
	const (
		numberAt, archAt = 0, 4
		argument         = 16 // the low half of the first argument, on little-endian machines
	)
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	jump := func(test uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	end := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	refuse, allow := end(unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM)), end(unix.SECCOMP_RET_ALLOW)
	program := []unix.SockFilter{
		load(archAt), jump(unix.BPF_JEQ, arch, 1, 0), end(unix.SECCOMP_RET_KILL_PROCESS),
		load(numberAt),
		jump(unix.BPF_JEQ, unix.SYS_CLONE, 0, 4), load(argument), jump(unix.BPF_JSET, unix.CLONE_THREAD, 0, 1), allow, refuse,
	}
	for _, call := range []uint32{unix.SYS_MMAP, unix.SYS_MPROTECT} { // the third argument says what the memory may do
		program = append(program, jump(unix.BPF_JEQ, call, 0, 4), load(argument+16), jump(unix.BPF_JSET, unix.PROT_EXEC, 0, 1), refuse, allow)
	}
	for _, call := range allowed {
		program = append(program, jump(unix.BPF_JEQ, uint32(call), 0, 1), allow)
	}
	program = append(program, refuse)
	if len(program) > math.MaxUint16 {
		return unix.E2BIG
	}
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	// A positive result is the number of a thread that could not be held.
	stuck, _, e := syscall.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&f)))
	runtime.KeepAlive(program)
	switch {
	case e != 0:
		return fmt.Errorf("install the filter of calls: %w", e)
	case stuck != 0:
		return fmt.Errorf("install the filter of calls: thread %d does not take it", stuck)
	}
	return nil
}
