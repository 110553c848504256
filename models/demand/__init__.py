"""What a plan is made for, as distinct from what is stated: headroom; classes and cases."""
