"""Modules without a test of their own name: where they are tested, or that they compute nothing."""

COVERED_ELSEWHERE: dict[str, tuple[str, ...]] = {
    # test that covers them -> modules without a test of their name
    "tests/cli/test_app.py": (
        *("planner/cli/arguments", "planner/cli/estimate_app", "planner/cli/operation_app"),
        *("planner/cli/plan_app", "planner/cli/profile_app", "planner/cli/start_app"),
        *("planner/cli/demand_app", "planner/cli/scores_app", "planner/cli/study_app"),
        "planner/cli/library_app",
    ),
    "tests/cli/commands/test_tornado.py": (
        *("planner/presentation/sensitivity/moved_setups", "planner/cli/commands/thresholds"),
        *(
            "planner/presentation/sensitivity/thresholds",
            "planner/presentation/sensitivity/tornado",
        ),
    ),
    "tests/library/test_library_schema.py": (
        *("planner/library/kept_tables", "planner/library/migrations/env"),
        "planner/library/migrations/versions/v0001_kept_work",
        "planner/library/migrations/versions/v0002_who_may",
    ),
    "tests/library/test_drafts.py": ("planner/library/blobs",),
    "tests/cli/commands/library/test_library_list.py": (
        "planner/cli/commands/library/library_changes",
        "planner/cli/commands/library/library_export",
        "planner/cli/commands/library/library_show",
    ),
    "tests/cli/commands/library/test_keep_plan.py": ("planner/cli/commands/keep_plan",),
    "tests/demand/test_day.py": ("planner/demand/day_levels",),
    "tests/sizing/test_rate_sizing.py": ("planner/sizing/sizing_goal",),
    "tests/plans/cells/test_any_plan.py": ("planner/plans/cells/cells_plan",),
    "tests/cli/commands/test_route.py": ("planner/cli/terminal/out_of_sample_report",),
    "tests/cells/test_arm_bound.py": ("planner/cells/routing/arm_loop",),
    "tests/cells/routing/test_lane_routing.py": (
        *("planner/cells/routing/lane_loop", "planner/cells/routing/lane_rates"),
    ),
    "tests/cli/commands/profiles/test_profile_estimate.py": (
        "planner/cli/commands/profiles/estimate_report",
    ),
    "tests/cli/commands/scores/test_scores_check.py": ("planner/export/score_files",),
    "tests/scenario/test_templates.py": ("planner/cli/commands/starting/init",),
    "tests/walls/test_repairs.py": (
        "planner/joint/repairs/least_change",
        "planner/joint/repairs/repair_plans",
    ),
    "tests/studies/clusters/test_cluster_backend.py": (
        *("planner/studies/clusters/dask_backend", "planner/studies/clusters/ray_backend"),
        "planner/studies/clusters/cluster_fault",
    ),
    "tests/cli/commands/test_check.py": ("planner/presentation/crosscheck",),
    "tests/cli/commands/test_cell_check.py": ("planner/presentation/cells/cell_crosscheck",),
    "tests/studies/baselines/test_comparison.py": ("planner/presentation/baselines",),
    "tests/api/test_planning.py": ("planner/api/plan_figures", "planner/api/plan_result"),
    "tests/reports/workbook/report/test_write.py": (
        *("planner/export/report_content", "planner/export/report_meta"),
        *("planner/export/report_studies", "reports/workbook/book", "reports/workbook/charts"),
        "reports/workbook/table",
        *("reports/workbook/report/baselines", "reports/workbook/report/curve_points"),
        *("reports/workbook/report/dropped_options", "reports/workbook/report/gpus"),
        *("reports/workbook/report/headline", "reports/workbook/report/log"),
        *("reports/workbook/report/routing", "reports/workbook/report/setup"),
        *("reports/workbook/report/shadow_prices", "reports/workbook/report/sweeps"),
    ),
    "tests/scenario/test_workbook_demand.py": (
        *("profiles/workbook_demand_fields", "planner/scenario/demand/demand_sheets"),
    ),
    "tests/pages/widgets/test_cells_plan.py": (
        *("app_pages/charts/day", "app_pages/jobs/cells_export", "app_pages/widgets/cells_notice"),
    ),
    "tests/reports/workbook/cells/test_cells_workbook.py": (
        *("planner/export/cells/cells_report_files", "reports/workbook/cells/case_sheets"),
        *("reports/workbook/cells/cells_summary", "reports/workbook/cells/day_charts"),
        "reports/workbook/cells/setup_sheets",
    ),
    "tests/reports/deploy/test_readme.py": (
        *("reports/deploy/file_heads", "reports/deploy/markdown", "reports/deploy/readme_checks"),
        *("reports/deploy/readme_gateways", "reports/deploy/readme_start"),
        *("reports/deploy/readme_cluster",),
    ),
    "tests/reports/deploy/cluster/test_kubernetes.py": (
        *("planner/export/own_exporters", "reports/deploy/cluster/pods"),
    ),
    "tests/profiles/hygiene/test_checks.py": (
        *("profiles/hygiene/curve_rows", "profiles/hygiene/neighbours", "profiles/hygiene/values"),
    ),
    "tests/profiles/importers/formats/test_detect.py": (
        *(
            "profiles/importers/formats/importer_protocol",
            "profiles/importers/formats/own_importers",
        ),
    ),
    "tests/profiles/score_tables/test_scores.py": ("profiles/score_tables/score_columns",),
    "tests/profiles/score_importers/test_detect.py": (
        *("profiles/score_importers/own_scorers", "profiles/score_importers/scorer_protocol"),
    ),
    "tests/profiles/importers/test_pipeline.py": (
        *("profiles/importers/formats/aiperf", "profiles/importers/formats/guidellm"),
        "profiles/importers/formats/sglang",
    ),
    "tests/pages/jobs/test_worker_pool.py": ("app_pages/jobs/worker_process",),
    "tests/pages/views/test_router.py": (
        *("app_pages/charts/router", "app_pages/jobs/router", "app_pages/widgets/prompt_test"),
    ),
    "tests/pages/views/test_plan.py": (
        *("app_pages/jobs/messages", "app_pages/session/job_slots"),
        "app_pages/session/state",
        *("app_pages/widgets/deployment", "app_pages/widgets/headline"),
    ),
    "tests/pages/views/test_library.py": (
        *("app_pages/widgets/kept/record_actions", "app_pages/widgets/kept/share"),
        *("app_pages/widgets/kept/keep_form", "app_pages/widgets/kept/record_list"),
        "app_pages/widgets/job_button",
    ),
    "tests/browser/test_log_in.py": ("app_pages/widgets/kept/sign_in",),
    "tests/pages/session/test_kept_desk.py": (
        *("app_pages/jobs/kept_desk", "app_pages/widgets/kept/desk"),
    ),
    "tests/pages/session/test_kept_drafts.py": (
        *("app_pages/jobs/kept_work", "app_pages/session/opened_work"),
        "app_pages/widgets/kept/resume",
    ),
    "tests/pages/views/test_inputs.py": ("app_pages/widgets/scenario_files",),
    "tests/pages/views/test_new.py": (
        *("app_pages/session/draft", "app_pages/session/starting/draft_curves"),
        *("app_pages/session/starting/draft_day", "app_pages/session/starting/draft_demand"),
        *("app_pages/session/starting/draft_goal", "app_pages/session/starting/draft_outside"),
        *("app_pages/session/starting/draft_parts", "app_pages/session/starting/draft_pools"),
        "app_pages/session/starting/draft_scores",
        *("app_pages/widgets/starting/benchmark_files", "app_pages/widgets/starting/pool_fields"),
        *("app_pages/widgets/starting/outside_fields", "app_pages/widgets/starting/slo_fields"),
        *("app_pages/widgets/starting/cluster_steps", "app_pages/widgets/starting/curve_step"),
        *("app_pages/widgets/starting/demand_step", "app_pages/widgets/starting/draft_fields"),
        *("app_pages/widgets/starting/finish_step", "app_pages/widgets/starting/goal_step"),
        *("app_pages/widgets/starting/score_step", "app_pages/session/starting/used_curves"),
        *(
            "app_pages/widgets/starting/unjudged_fields",
            "app_pages/widgets/starting/benchmark_points",
        ),
    ),
    "tests/pages/widgets/demand/test_rate_table.py": (
        *("app_pages/widgets/demand/fleet_fields", "app_pages/widgets/demand/known_rates"),
        "app_pages/widgets/number_fields",
    ),
    "tests/pages/views/test_export.py": ("app_pages/widgets/downloads",),
    "tests/pages/views/test_what_if.py": (
        *("app_pages/widgets/what_if/alternatives", "app_pages/widgets/what_if/frontier"),
        "app_pages/widgets/what_if/sensitivity",
    ),
}
RECORDS_AND_WORDS = {
    *("planner/errors", "planner/settings", "planner/solution", "planner/version"),
    *("planner/operation/verdicts", "planner/verification/tolerances", "models/instance"),
    "planner/cli/terminal/command_options",
    *("models/linear", "profiles/records", "profiles/workbook_fields", "planner/cell_solution"),
    *("planner/scenario/schema/bounds", "planner/scenario/schema/demand_specification"),
    *("profiles/workbook_layout", "profiles/importers/formats/record", "reports/content"),
    "reports/cells_content",
    *("profiles/request_logs/record", "profiles/live_metrics/record"),
}
"""Modules that hold records, constants and layouts, and compute nothing."""
