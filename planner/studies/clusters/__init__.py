"""Clusters of machines that plan the parts of a study: Dask and Ray, by joblib's backends."""
