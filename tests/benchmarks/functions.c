/* Three functions and their gradients, as one would write them by hand; -DN=50 is the number of variables. */
#include <math.h>

double speelpenning(const double *x, double *g) {
    double before = 1.0, behind = 1.0;
    for (int i = 0; i < N; i++) {
        g[i] = before;
        before *= x[i];
    }
    for (int i = N - 1; i >= 0; i--) {
        g[i] *= behind;
        behind *= x[i];
    }
    return before;
}

double rosenbrock(const double *x, double *g) {
    double value = 0.0;
    for (int i = 0; i < N; i++) g[i] = 0.0;
    for (int i = 0; i < N - 1; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1.0 - x[i];
        value += 100.0 * a * a + b * b;
        g[i] -= 400.0 * a * x[i] + 2.0 * b;
        g[i + 1] += 200.0 * a;
    }
    return value;
}

double mixture(const double *x, double *g) {
    double value = 0.0;
    for (int i = 0; i < N; i++) g[i] = 0.0;
    for (int y = 0; y < 16; y++) {
        double e[N], largest = -INFINITY, sum = 0.0;
        for (int i = 0; i < N; i++) {
            double d = x[i] - y / 4.0;
            e[i] = -d * d;
            if (e[i] > largest) largest = e[i];
        }
        for (int i = 0; i < N; i++) sum += e[i] = exp(e[i] - largest);
        value += largest + log(sum);
        for (int i = 0; i < N; i++) g[i] -= 2.0 * (x[i] - y / 4.0) * e[i] / sum;
    }
    return value;
}
