# The page and the command line in one image, for a user without rights on a read-only file system:
#   docker build -t llm-planner .
#   docker run --read-only --tmpfs /tmp -p 127.0.0.1:8501:8501 llm-planner
#   docker run --read-only --tmpfs /tmp -v "$PWD:/work" --user "$(id -u):$(id -g)" llm-planner plan scenario.yaml --json plan.json
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/planner
ENV PATH=/opt/planner/bin:$PATH MPLCONFIGDIR=/opt/planner/matplotlib
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
# Matplotlib keeps a list of fonts, which it could not write later.
RUN pip install --no-cache-dir --no-deps . && python -c "import matplotlib.font_manager"

FROM python:3.11.14-slim-bookworm
COPY --from=build /opt/planner /opt/planner
# HOME: where Streamlit and others look for settings; there are none, and nothing is written.
ENV PATH=/opt/planner/bin:$PATH MPLCONFIGDIR=/opt/planner/matplotlib HOME=/tmp PYTHONDONTWRITEBYTECODE=1
WORKDIR /work
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
ENTRYPOINT ["llm-planner"]
CMD ["app", "--host", "0.0.0.0"]
