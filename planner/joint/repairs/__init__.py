"""Why there is no plan, and the least changes of the input that give one."""
