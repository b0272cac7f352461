"""EventBridge Scheduler: moto keeps the schedules, the mirror fires them."""
