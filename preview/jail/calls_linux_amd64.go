// SPDX-License-Identifier: Apache-2.0

package jail

import "golang.org/x/sys/unix"

var allowedHere = []uintptr{unix.SYS_ARCH_PRCTL}
