"""The pages of app.py: widgets and charts.

Every number comes from the planner's tables; what takes long runs in a worker.
"""
