// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package preview_test

const cgo = true
