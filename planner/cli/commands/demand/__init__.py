"""The commands `demand ...`, a file each."""
