// SPDX-License-Identifier: Apache-2.0

// Package jail shuts the calling process in for good, before it reads what may be hostile.
//
// After Enter has returned nil this process can compute, read and write the descriptors that it has,
// start threads of its own, and end. Every other call of the system is refused: it cannot open a file,
// make a socket, start a program, look at another process or make memory executable. Landlock, where
// the kernel has it, says the same for the file system a second time; resource limits end what runs or
// grows too long. There is no way back.
//
// It promises nothing against a defect of the kernel itself in the few calls that are left, nor against
// what can be learned from how long things take. After an error the process is in an unknown state
// between free and shut in: end it.
package jail

import "errors"

// Enter's figures.
const (
	seconds     = 10        // of processor time
	memory      = 640 << 20 // bytes of addresses beyond what the program has at its start
	softMemory  = 384 << 20 // bytes at which the garbage collector works without pause
	descriptors = 0         // new ones
)

// ErrUnable: this system has no way to shut a process in.
var ErrUnable = errors.New("this system cannot shut a process in")

// Held says what holds.
type Held struct {
	Syscalls bool // without it Enter fails
	NoFiles  bool // Landlock; kernels before 5.13, or with it switched off, have none
	Figures  bool
}
