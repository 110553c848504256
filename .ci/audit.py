"""Look every locked version up in the database of known vulnerabilities; exit code 1 with a finding.

Where the database cannot be reached, nothing is known: that is said in capitals, with exit code 0.
"""

import json
import subprocess
import sys

LOCK = sys.argv[1]
COMMAND = [
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--require-hashes"),
    *("--progress-spinner", "off", "--timeout", "5", "--format", "json", "-r", LOCK),
]


def main() -> int:
    try:
        run = subprocess.run(COMMAND, capture_output=True, text=True, timeout=120)
        rows = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError) as error:
        print(f"NOT RUN: THE AUDIT OF {LOCK}; THE DATABASE CANNOT BE REACHED ({error})"[:300])
        return 0
    known = [row for row in rows if "vulns" in row]
    if not known:
        print(f"NOT RUN: THE AUDIT OF {LOCK}; THE DATABASE KNOWS NONE OF {len(rows)} PACKAGES HERE")
        return 0
    for row in known:
        for vuln in row["vulns"]:
            fixed = ", ".join(vuln["fix_versions"]) or "no version"
            print(f"{row['name']} {row['version']}: {vuln['id']}, fixed in {fixed}")
    bad = sum(bool(row["vulns"]) for row in known)
    print(f"{len(known)} of {len(rows)} packages looked up, {bad} with known vulnerabilities")
    return 1 if bad else 0


sys.exit(main())
