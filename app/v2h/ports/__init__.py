"""Ports to the hardware, or to the rig, named by URL.

`spi:/dev/spidev1.0`, `i2c:/dev/i2c-2?addr=0x60`, `led:c1`, `gpio:K`, `pwm:48304200.pwm`, `keys:gpio-keys`,
`can:socketcan/can1`, `can:rig/PATH`, and for each of the first six `rig:PATH/CHIP`.
The same driver runs on the board, in the emulated board and on the desk; only the URL differs.
"""
