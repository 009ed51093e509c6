// SPDX-License-Identifier: Apache-2.0

package jail

var allowedHere []uintptr
